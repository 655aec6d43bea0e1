/**
 * How good masks are: the metrics of referring, instance, panoptic, semantic and video segmentation, from counts of pixels
 * and overlaps. Accumulators can be filled anywhere and merged in any order; the result is the same to the last bit. Depends
 * on nothing.
 */
package io.maskroute.datasets.metrics;
