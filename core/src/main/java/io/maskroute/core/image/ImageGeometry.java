package io.maskroute.core.image;

/**
 * Where a picture lies in the network's square, in pixels.
 *
 * @param size side of the square
 * @param contentHeight rows of the square that hold the picture, from the top
 * @param contentWidth columns of the square that hold the picture, from the left
 * @param originalHeight rows of the picture before resizing
 * @param originalWidth columns of the picture before resizing
 */
public record ImageGeometry(int size, int contentHeight, int contentWidth, int originalHeight, int originalWidth) {}
