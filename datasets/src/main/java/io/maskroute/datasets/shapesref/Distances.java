package io.maskroute.datasets.shapesref;

/**
 * One placed outline, evaluated at the centres of the pixels around it.
 *
 * @param left column of the first value
 * @param top row of the first value
 * @param values in pixels, row-major, negative inside
 */
record Distances(int left, int top, int width, int height, float[] values) {
    /** @param margin pixels beyond the outline that are wanted too */
    static Distances of(Placement placement, int margin) {
        double reach = placement.radius() * Outline.REACH + margin;
        int left = (int) Math.floor(placement.x() - reach);
        int top = (int) Math.floor(placement.y() - reach);
        int width = (int) Math.ceil(placement.x() + reach) - left;
        int height = (int) Math.ceil(placement.y() + reach) - top;
        float[] values = new float[width * height];
        Outline outline = Outline.of(placement.shape());
        double cos = StrictMath.cos(placement.angle()) / placement.radius();
        double sin = StrictMath.sin(placement.angle()) / placement.radius();
        for (int row = 0; row < height; row++) {
            double y = top + row + 0.5 - placement.y();
            for (int column = 0; column < width; column++) {
                double x = left + column + 0.5 - placement.x();
                double distance = outline.distance(x * cos + y * sin, y * cos - x * sin);
                values[row * width + column] = (float) (distance * placement.radius());
            }
        }
        return new Distances(left, top, width, height, values);
    }

    boolean holds(int x, int y) {
        return x >= left && y >= top && x < left + width && y < top + height;
    }

    float at(int x, int y) {
        return values[(y - top) * width + x - left];
    }
}
