package io.maskroute.datasets.shapesref;

/**
 * An object of a picture as it is seen there. Lengths are in pixels; pixel (0, 0) covers [0, 1) x [0, 1).
 *
 * @param centreX mean of its visible pixels' centres
 * @param centreY likewise
 * @param left first column with a visible pixel
 * @param top first row with a visible pixel
 * @param right column after the last with a visible pixel
 * @param bottom row after the last with a visible pixel
 * @param visibleArea pixels that no other object hides
 * @param area pixels with those that are hidden
 */
public record SceneObject(
        Shape shape,
        Colour colour,
        Size size,
        Pattern pattern,
        double centreX,
        double centreY,
        int left,
        int top,
        int right,
        int bottom,
        int visibleArea,
        int area) {

    /** The longer side of its visible box. */
    int extent() {
        return Math.max(right - left, bottom - top);
    }
}
