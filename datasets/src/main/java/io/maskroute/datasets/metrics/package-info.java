/**
 * How good masks are: the metrics of referring segmentation, from pixel counts. Accumulators can be filled anywhere and
 * merged in any order; the result is the same to the last bit. Depends on nothing.
 */
package io.maskroute.datasets.metrics;
