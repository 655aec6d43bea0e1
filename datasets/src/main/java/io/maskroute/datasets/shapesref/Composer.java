package io.maskroute.datasets.shapesref;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** Draws what lies where. */
final class Composer {
    private static final int TRIES = 40;
    /** Shares of small, medium and large objects. */
    private static final double[] SIZES = {0.4, 0.18, 0.42};

    private final Draws draws;
    private final Level level;
    private final int width;
    private final int height;
    private final int side;

    Composer(Draws draws, Level level, int width, int height) {
        this.draws = draws;
        this.level = level;
        this.width = width;
        this.height = height;
        side = Math.min(width, height);
    }

    /** @param margin pixels around each object to be evaluated, for its shadow */
    Layout compose(int count, EnumSet<Colour> colours, int margin) {
        while (true) {
            List<Placement> placements = place(count, colours);
            if (placements != null) {
                Layout layout = Layout.of(width, height, placements, margin);
                if (layout.allSeen()) {
                    return layout;
                }
            }
        }
    }

    private List<Placement> place(int count, EnumSet<Colour> allowed) {
        List<Shape> shapes = pick(List.of(Shape.values()), level.shapes());
        List<Colour> colours = pick(List.copyOf(allowed), level.colours());
        List<Placement> placed = new ArrayList<>(count);
        List<Placement> covered = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Size size = Size.values()[draws.weighted(SIZES)];
            Shape shape = draws.of(shapes);
            Pattern pattern = pattern(shape, size);
            Colour colour = draws.of(colours);
            boolean over = i > 0 && draws.chance(level.occlusion());
            Placement next = null;
            for (int attempt = 0; attempt < TRIES && next == null; attempt++) {
                double radius = draws.between(size.from(), size.to()) * side / 2;
                double angle = angle(shape);
                Placement below = over && attempt < TRIES / 2 ? draws.of(placed) : null;
                double x;
                double y;
                if (below == null) {
                    x = draws.between(0, width);
                    y = draws.between(0, height);
                } else {
                    double direction = draws.between(0, 2 * StrictMath.PI);
                    double depth = Math.min(radius, below.radius()) * draws.between(0.3, 0.75);
                    double apart = radius + below.radius() - depth;
                    x = below.x() + apart * StrictMath.cos(direction);
                    y = below.y() + apart * StrictMath.sin(direction);
                }
                Placement candidate = new Placement(shape, colour, size, pattern, x, y, radius, angle);
                if ((below == null || !covered.contains(below) && looksDifferent(candidate, below))
                        && inside(candidate)
                        && clearOf(candidate, placed, below)) {
                    next = candidate;
                    if (below != null) {
                        covered.add(below);
                        covered.add(next);
                    }
                }
            }
            if (next == null) {
                return null;
            }
            placed.add(next);
        }
        return placed;
    }

    /** One colour over the same colour has no border. */
    private static boolean looksDifferent(Placement one, Placement other) {
        return one.colour() != other.colour();
    }

    private boolean inside(Placement p) {
        double reach = p.radius() * 1.05 + 0.015 * side;
        return p.x() >= reach && p.y() >= reach && p.x() <= width - reach && p.y() <= height - reach;
    }

    private boolean clearOf(Placement candidate, List<Placement> placed, Placement below) {
        for (Placement other : placed) {
            if (other != below
                    && candidate.distanceTo(other) < (candidate.radius() + other.radius()) * 1.04 + 0.025 * side) {
                return false;
            }
        }
        return true;
    }

    /** On a thin, small object nobody could tell dots from checks. */
    private Pattern pattern(Shape shape, Size size) {
        if (draws.chance(0.4)) {
            return Pattern.PLAIN;
        }
        if (size != Size.SMALL) {
            return draws.of(Pattern.values());
        }
        return switch (shape) {
            case RING, CRESCENT -> Pattern.PLAIN;
            case STAR, CROSS -> draws.of(Pattern.PLAIN, Pattern.STRIPED);
            default -> draws.of(Pattern.values());
        };
    }

    /** A turned square would be a diamond and a turned cross an X. */
    private double angle(Shape shape) {
        double most =
                switch (shape) {
                    case SQUARE, CROSS -> 20;
                    case HEART -> 25;
                    case TRIANGLE, STAR, HEXAGON, CIRCLE, RING, CRESCENT -> 180;
                };
        return draws.between(-most, most) * StrictMath.PI / 180;
    }

    private <T> List<T> pick(List<T> values, int most) {
        int count = Math.min(values.size(), 2 + draws.below(most - 1));
        List<T> left = new ArrayList<>(values);
        List<T> picked = new ArrayList<>(count);
        while (picked.size() < count) {
            picked.add(left.remove(draws.below(left.size())));
        }
        return picked;
    }
}
