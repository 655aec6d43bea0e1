package io.maskroute.datasets.shapesref;

/** An object's pattern: where its second shade shows. */
final class Cover {
    private final Pattern pattern;
    private final double period;
    private final double cos;
    private final double sin;

    private Cover(Pattern pattern, double period, double angle) {
        this.pattern = pattern;
        this.period = period;
        cos = StrictMath.cos(angle);
        sin = StrictMath.sin(angle);
    }

    static Cover draw(Placement placement, Draws draws) {
        double radius = placement.radius();
        double period =
                switch (placement.pattern()) {
                    case PLAIN -> 1;
                    case STRIPED -> Math.max(5.5, radius * draws.between(0.36, 0.46));
                    case DOTTED -> Math.max(6.5, radius * draws.between(0.42, 0.5));
                    case CHECKERED -> Math.max(8, radius * draws.between(0.6, 0.72));
                };
        double turn = placement.pattern() == Pattern.STRIPED ? draws.below(4) * StrictMath.PI / 4 : 0;
        return new Cover(placement.pattern(), period, placement.angle() + turn);
    }

    /** How much of the pixel at this offset from the object's centre has the second shade, 0 to 1. */
    double second(double dx, double dy) {
        if (pattern == Pattern.PLAIN) {
            return 0;
        }
        double x = (dx * cos + dy * sin) / period;
        double y = (dy * cos - dx * sin) / period;
        double inside =
                switch (pattern) {
                    case STRIPED -> 0.25 - Math.abs(fraction(x) - 0.5);
                    case DOTTED -> dot(x, y);
                    default -> check(x, y);
                };
        return Math.max(0, Math.min(1, inside * period + 0.5));
    }

    private static double dot(double x, double y) {
        double fx = fraction(x) - 0.5;
        double fy = fraction(y) - 0.5;
        return 0.3 - Math.sqrt(fx * fx + fy * fy);
    }

    private static double check(double x, double y) {
        double fx = 0.25 - Math.abs(fraction(x) - 0.5);
        double fy = 0.25 - Math.abs(fraction(y) - 0.5);
        double border = Math.min(Math.abs(fx), Math.abs(fy));
        return fx > 0 == fy > 0 ? border : -border;
    }

    private static double fraction(double x) {
        return x - Math.floor(x);
    }
}
