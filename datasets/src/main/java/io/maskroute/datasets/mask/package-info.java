/**
 * COCO run-length masks and what is done with them: strings, areas, boxes, unions, IoU, polygons. Depends on
 * {@code core.mask} alone.
 */
package io.maskroute.datasets.mask;
