package io.maskroute.datasets.shapesref;

/**
 * Where an object lies and what it looks like.
 *
 * @param x of its centre, in pixels
 * @param y of its centre, in pixels
 * @param radius of the unit circle of {@link Outline}, in pixels
 * @param angle clockwise, in radians
 */
record Placement(
        Shape shape, Colour colour, Size size, Pattern pattern, double x, double y, double radius, double angle) {

    double distanceTo(Placement other) {
        return Math.sqrt((x - other.x) * (x - other.x) + (y - other.y) * (y - other.y));
    }
}
