/**
 * Reading {@code instances.json}, panoptic files and PSALM's COCO-Interactive file in COCO's layout, streamed, turning its segmentations into masks, and telling what a
 * file is that was given in its place. Depends on
 * {@code mask}, {@code schema} and {@code writer}; knows no Spark.
 */
package io.maskroute.datasets.coco;
