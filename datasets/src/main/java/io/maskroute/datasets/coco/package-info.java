/**
 * Reading {@code instances.json} in COCO's layout, streamed, and turning its segmentations into masks. Depends on
 * {@code mask}, {@code schema} and {@code writer}; knows no Spark.
 */
package io.maskroute.datasets.coco;
