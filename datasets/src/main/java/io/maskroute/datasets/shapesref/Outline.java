package io.maskroute.datasets.shapesref;

/**
 * Signed distances to the shapes' borders, negative inside, for shapes about as large as the unit circle; y points down.
 * Sines and cosines are {@link StrictMath}'s, which are the same everywhere.
 */
abstract class Outline {
    /** No point of a shape is farther from its centre. */
    static final double REACH = 1.15;

    private static final int HEART_CORNERS = 40;
    private static final Outline[] ALL = new Outline[Shape.values().length];

    static {
        for (Shape shape : Shape.values()) {
            ALL[shape.ordinal()] = make(shape);
        }
    }

    abstract double distance(double x, double y);

    static Outline of(Shape shape) {
        return ALL[shape.ordinal()];
    }

    private static Outline make(Shape shape) {
        return switch (shape) {
            case CIRCLE -> new Disc();
            case SQUARE -> new Polygon(star(4, 1.05, 1.05, StrictMath.PI / 4), 0.06);
            case TRIANGLE -> new Polygon(star(3, 1.02, 1.02, 0), 0.07);
            case STAR -> new Polygon(star(5, 1.03, 0.44, 0), 0.05);
            case HEXAGON -> new Polygon(star(6, 0.97, 0.97, 0), 0.05);
            case CROSS -> new Polygon(cross(0.9, 0.28), 0.05);
            case HEART -> new Polygon(heart(), 0.02);
            case RING -> new Ring();
            case CRESCENT -> new Crescent();
        };
    }

    /** Corners on two circles in turn (a regular polygon when they are the same), the first at the top. */
    private static double[] star(int points, double outer, double inner, double turn) {
        int corners = outer == inner ? points : 2 * points;
        double[] xy = new double[2 * corners];
        for (int i = 0; i < corners; i++) {
            double angle = 2 * StrictMath.PI * i / corners + turn;
            double radius = corners > points && i % 2 == 1 ? inner : outer;
            xy[2 * i] = radius * StrictMath.sin(angle);
            xy[2 * i + 1] = -radius * StrictMath.cos(angle);
        }
        return xy;
    }

    private static double[] cross(double length, double half) {
        return new double[] {
            -half, -length, half, -length, half, -half, length, -half, length, half, half, half, half, length, -half,
            length, -half, half, -length, half, -length, -half, -half, -half
        };
    }

    private static double[] heart() {
        double[] xy = new double[2 * HEART_CORNERS];
        for (int i = 0; i < HEART_CORNERS; i++) {
            double t = 2 * StrictMath.PI * (i + 0.5) / HEART_CORNERS;
            double sine = StrictMath.sin(t);
            xy[2 * i] = 0.98 * sine * sine * sine;
            xy[2 * i + 1] = -(13 * StrictMath.cos(t)
                                    - 5 * StrictMath.cos(2 * t)
                                    - 2 * StrictMath.cos(3 * t)
                                    - StrictMath.cos(4 * t))
                            / 16.3
                    - 0.1;
        }
        return xy;
    }

    private static final class Disc extends Outline {
        @Override
        double distance(double x, double y) {
            return Math.sqrt(x * x + y * y) - 0.96;
        }
    }

    private static final class Ring extends Outline {
        @Override
        double distance(double x, double y) {
            return Math.abs(Math.sqrt(x * x + y * y) - 0.72) - 0.25;
        }
    }

    /** A disc without the part under another, smaller disc. */
    private static final class Crescent extends Outline {
        private static final double HOLE = 0.8;
        private static final double SHIFT = 0.48;
        private static final double TIP_X = (1 - HOLE * HOLE + SHIFT * SHIFT) / (2 * SHIFT);
        private static final double TIP_Y = Math.sqrt(1 - TIP_X * TIP_X);

        @Override
        double distance(double x, double y) {
            double up = Math.abs(y);
            double dx = x - SHIFT;
            double outer = Math.sqrt(x * x + y * y) - 1;
            double inner = HOLE - Math.sqrt(dx * dx + y * y);
            double tip = Math.sqrt((x - TIP_X) * (x - TIP_X) + (up - TIP_Y) * (up - TIP_Y));
            // Each circle borders the crescent only on the far side of the tips, seen from its own centre.
            boolean nearOuter = TIP_X * up >= TIP_Y * x;
            boolean nearInner = (TIP_X - SHIFT) * up >= TIP_Y * dx;
            double nearest = Math.min(nearOuter ? Math.abs(outer) : tip, nearInner ? Math.abs(inner) : tip);
            return outer < 0 && inner < 0 ? -nearest : nearest;
        }
    }

    /** Distance to the nearest side; the sign by the even-odd rule; rounded corners. */
    private static final class Polygon extends Outline {
        private final double[] xy;
        private final double rounding;

        Polygon(double[] xy, double rounding) {
            this.xy = xy;
            this.rounding = rounding;
        }

        @Override
        double distance(double x, double y) {
            double nearest = Double.MAX_VALUE;
            boolean inside = false;
            double ax = xy[xy.length - 2];
            double ay = xy[xy.length - 1];
            for (int i = 0; i < xy.length; i += 2) {
                double bx = xy[i];
                double by = xy[i + 1];
                double ex = bx - ax;
                double ey = by - ay;
                double px = x - ax;
                double py = y - ay;
                double along = Math.max(0, Math.min(1, (px * ex + py * ey) / (ex * ex + ey * ey)));
                double dx = px - along * ex;
                double dy = py - along * ey;
                nearest = Math.min(nearest, dx * dx + dy * dy);
                if (ay > y != by > y && px < ex * py / ey) {
                    inside = !inside;
                }
                ax = bx;
                ay = by;
            }
            double distance = Math.sqrt(nearest);
            return (inside ? -distance : distance) - rounding;
        }
    }
}
