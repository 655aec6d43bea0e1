package io.maskroute.datasets.shapesref;

/**
 * Paints a layout: the backdrop, then each object's shadow and the object, from the lowest to the highest. Light comes from
 * the upper left.
 */
final class Painter {
    private static final double SHADOW = 0.4;
    private static final double LIGHT_X = -0.6;
    private static final double LIGHT_Y = -0.8;

    private final Layout layout;
    private final float[] canvas;
    private final int width;
    private final int height;
    private final int side;

    private Painter(Layout layout, float[] canvas) {
        this.layout = layout;
        this.canvas = canvas;
        width = layout.width();
        height = layout.height();
        side = Math.min(width, height);
    }

    /** Pixels around an object that its shadow may darken. */
    static int margin(int width, int height) {
        return (int) (0.05 * Math.min(width, height)) + 3;
    }

    /** @return red, green, blue of each pixel, row-major */
    static byte[] paint(Layout layout, Backdrop backdrop, Draws draws) {
        Painter painter = new Painter(layout, backdrop.paint(layout.width(), layout.height()));
        for (int i = 0; i < layout.placements().size(); i++) {
            painter.shadow(layout.distances().get(i));
            painter.body(layout.placements().get(i), layout.distances().get(i), draws);
        }
        byte[] rgb = new byte[painter.canvas.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) Math.max(0, Math.min(255, Math.round(painter.canvas[i] * 255)));
        }
        return rgb;
    }

    private void shadow(Distances outline) {
        int shift = Math.max(1, Math.round(side * 0.012f));
        double soft = side * 0.022;
        for (int row = 0; row < outline.height(); row++) {
            int y = outline.top() + row + shift;
            for (int column = 0; column < outline.width(); column++) {
                int x = outline.left() + column + shift;
                double distance = outline.values()[row * outline.width() + column];
                if (distance >= soft || x < 0 || y < 0 || x >= width || y >= height) {
                    continue;
                }
                double depth = Math.min(1, (soft - distance) / (2 * soft));
                float kept = (float) (1 - SHADOW * Noise.smooth(depth));
                int at = 3 * (y * width + x);
                canvas[at] *= kept;
                canvas[at + 1] *= kept;
                canvas[at + 2] *= kept;
            }
        }
    }

    private void body(Placement placement, Distances outline, Draws draws) {
        double[] main = main(placement.colour(), draws);
        double[] second = second(main);
        Cover cover = Cover.draw(placement, draws);
        double bevel = Math.max(2.5, placement.radius() * 0.16);
        for (int row = 0; row < outline.height(); row++) {
            int y = outline.top() + row;
            for (int column = 0; column < outline.width(); column++) {
                int x = outline.left() + column;
                double distance = outline.values()[row * outline.width() + column];
                if (distance >= 0.5 || x < 0 || y < 0 || x >= width || y >= height) {
                    continue;
                }
                double covered = Math.min(1, 0.5 - distance);
                double dx = x + 0.5 - placement.x();
                double dy = y + 0.5 - placement.y();
                double blend = cover.second(dx, dy);
                double light = 1 + 0.1 * (dx * LIGHT_X + dy * LIGHT_Y) / placement.radius();
                double rim = Math.max(0, 1 + distance / bevel);
                light += 0.2 * rim * slope(outline, row, column);
                light *= 1 - 0.16 * rim * rim * rim;
                double gloss = 0.03 * rim * Math.max(0, slope(outline, row, column));
                int at = 3 * (y * width + x);
                for (int i = 0; i < 3; i++) {
                    double paint = (main[i] + blend * (second[i] - main[i])) * light + gloss;
                    canvas[at + i] += (float) (covered * (paint - canvas[at + i]));
                }
            }
        }
    }

    /** How much the border next to a pixel faces the light, -1 to 1. */
    private static double slope(Distances outline, int row, int column) {
        if (row == 0 || column == 0 || row == outline.height() - 1 || column == outline.width() - 1) {
            return 0;
        }
        int at = row * outline.width() + column;
        double dx = (outline.values()[at + 1] - outline.values()[at - 1]) / 2.0;
        double dy = (outline.values()[at + outline.width()] - outline.values()[at - outline.width()]) / 2.0;
        return Math.max(-1, Math.min(1, dx * LIGHT_X + dy * LIGHT_Y));
    }

    private static double[] main(Colour colour, Draws draws) {
        double light = draws.between(0.93, 1.05);
        return new double[] {
            Math.min(0.97, colour.red() / 255.0 * light * draws.between(0.96, 1.04)),
            Math.min(0.97, colour.green() / 255.0 * light * draws.between(0.96, 1.04)),
            Math.min(0.97, colour.blue() / 255.0 * light * draws.between(0.96, 1.04))
        };
    }

    /** A darker shade of light colours, a lighter one of dark colours. */
    private static double[] second(double[] main) {
        boolean bright = 0.2126 * main[0] + 0.7152 * main[1] + 0.0722 * main[2] > 0.63;
        double[] second = new double[3];
        for (int i = 0; i < 3; i++) {
            second[i] = bright ? main[i] * 0.64 : main[i] + 0.5 * (1 - main[i]);
        }
        return second;
    }
}
