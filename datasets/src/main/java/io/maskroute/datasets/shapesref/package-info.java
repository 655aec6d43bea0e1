/**
 * ShapesRef: generated pictures of shapes with exact masks and referring expressions. {@link
 * io.maskroute.datasets.shapesref.ShapesRef} makes one picture in memory. Everything is drawn by this package's own
 * arithmetic, without Java2D, so a picture has the same pixels on every JDK.
 */
package io.maskroute.datasets.shapesref;
