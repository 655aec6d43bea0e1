package io.maskroute.datasets.shapesref;

import io.maskroute.datasets.shapesref.Expression.At;
import io.maskroute.datasets.shapesref.Expression.Both;
import io.maskroute.datasets.shapesref.Expression.Except;
import io.maskroute.datasets.shapesref.Expression.Matching;
import io.maskroute.datasets.shapesref.Expression.Nth;
import io.maskroute.datasets.shapesref.Expression.Place;
import io.maskroute.datasets.shapesref.Expression.Related;
import io.maskroute.datasets.shapesref.Expression.Relation;
import io.maskroute.datasets.shapesref.Expression.Side;
import java.util.List;

/**
 * Finds the objects that an expression means. A set is an {@code int} with bit i for object i. Where people could disagree,
 * since a difference is too small to be seen at a glance, the answer is {@link #UNCLEAR}.
 */
final class Evaluator {
    static final int UNCLEAR = -1;

    /** Least difference of two positions that is clear, over the picture's width or height. */
    private static final double ORDER = 0.06;
    /** Least offset of an object that is clearly left of (above, …) another, over the width or height. */
    private static final double BESIDE = 0.08;
    /** An object clearly not left of another may still be this much to its left. */
    private static final double NOT_BESIDE = 0.01;
    /** Left means more left than up or down, about: the offset against the other axis. */
    private static final double STEEPEST = 1.4;
    /** Least ratio of two areas, and of two distances, that is clear. */
    private static final double AREA_RATIO = 1.4;

    private static final double DISTANCE_RATIO = 1.3;
    /** Least part of the hidden object that the other one must cover to be in front of it. */
    private static final double COVERED = 0.06;
    /** A region of the picture reaches this far; an object that is clearly not in it is beyond the second. */
    private static final double IN_REGION = 0.38;

    private static final double OUT_OF_REGION = 0.5;

    private final Layout layout;
    private final List<SceneObject> objects;

    Evaluator(Layout layout) {
        this.layout = layout;
        objects = layout.objects();
    }

    int evaluate(Expression expression) {
        if (expression instanceof Matching matching) {
            return matching(matching.filter());
        }
        if (expression instanceof Except except) {
            int fitting = matching(except.filter());
            return fitting == UNCLEAR ? UNCLEAR : (1 << objects.size()) - 1 & ~fitting;
        }
        if (expression instanceof At at) {
            int fitting = matching(at.filter());
            return fitting <= 0 ? fitting : at(fitting, at.place());
        }
        if (expression instanceof Nth nth) {
            int fitting = matching(nth.filter());
            return fitting == UNCLEAR ? UNCLEAR : nth(fitting, nth.n(), nth.from());
        }
        if (expression instanceof Both both) {
            int first = evaluate(both.first());
            int second = evaluate(both.second());
            return first == UNCLEAR || second == UNCLEAR ? UNCLEAR : first | second;
        }
        Related related = (Related) expression;
        int anchor = evaluate(related.anchor());
        int fitting = matching(related.filter());
        if (anchor == UNCLEAR || fitting == UNCLEAR || Integer.bitCount(anchor) != 1) {
            return UNCLEAR;
        }
        return related(fitting & ~anchor, related.relation(), Integer.numberOfTrailingZeros(anchor));
    }

    int matching(Filter filter) {
        int set = 0;
        for (int i = 0; i < objects.size(); i++) {
            if (filter.doubtful(objects.get(i))) {
                return UNCLEAR;
            }
            if (filter.fits(objects.get(i))) {
                set |= 1 << i;
            }
        }
        return set;
    }

    private int at(int fitting, Place place) {
        return switch (place) {
            case LEFTMOST -> nth(fitting, 1, Side.LEFT);
            case RIGHTMOST -> nth(fitting, 1, Side.RIGHT);
            case TOPMOST -> nth(fitting, 1, Side.TOP);
            case BOTTOMMOST -> nth(fitting, 1, Side.BOTTOM);
            case LARGEST -> extreme(fitting, 1);
            case SMALLEST -> extreme(fitting, -1);
            case TOP_LEFT -> region(fitting, -1, -1);
            case TOP_RIGHT -> region(fitting, 1, -1);
            case BOTTOM_LEFT -> region(fitting, -1, 1);
            case BOTTOM_RIGHT -> region(fitting, 1, 1);
            case ON_THE_LEFT -> region(fitting, -1, 0);
            case ON_THE_RIGHT -> region(fitting, 1, 0);
            case AT_THE_TOP -> region(fitting, 0, -1);
            case AT_THE_BOTTOM -> region(fitting, 0, 1);
            case IN_THE_MIDDLE -> middle(fitting);
        };
    }

    /** How far an object is from where counting starts, over the picture's width or height. */
    private double place(int i, Side from) {
        SceneObject object = objects.get(i);
        return switch (from) {
            case LEFT -> object.centreX() / layout.width();
            case RIGHT -> 1 - object.centreX() / layout.width();
            case TOP -> object.centreY() / layout.height();
            case BOTTOM -> 1 - object.centreY() / layout.height();
        };
    }

    /** The same for the part of it where counting starts. */
    private double edge(int i, Side from) {
        SceneObject object = objects.get(i);
        return switch (from) {
            case LEFT -> object.left() / (double) layout.width();
            case RIGHT -> 1 - object.right() / (double) layout.width();
            case TOP -> object.top() / (double) layout.height();
            case BOTTOM -> 1 - object.bottom() / (double) layout.height();
        };
    }

    /** By centres, and only if the near edges have the same order. */
    private int nth(int fitting, int n, Side from) {
        int count = Integer.bitCount(fitting);
        if (n > count) {
            return 0;
        }
        int[] order = new int[count];
        int filled = 0;
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            int at = filled++;
            while (at > 0 && place(order[at - 1], from) > place(i, from)) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
        }
        // Beyond the next one nothing can change who is the nth.
        for (int i = 1; i <= Math.min(n, count - 1); i++) {
            if (place(order[i], from) - place(order[i - 1], from) < ORDER) {
                return UNCLEAR;
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = i + 1; j < count; j++) {
                if (edge(order[j], from) <= edge(order[i], from)) {
                    return UNCLEAR;
                }
            }
        }
        return 1 << order[n - 1];
    }

    /** Largest (sign 1) or smallest (-1), by area and by extent. */
    private int extreme(int fitting, int sign) {
        int best = Integer.numberOfTrailingZeros(fitting);
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            if (sign
                            * Integer.compare(
                                    objects.get(i).visibleArea(),
                                    objects.get(best).visibleArea())
                    > 0) {
                best = i;
            }
        }
        for (int left = fitting & ~(1 << best); left != 0; left &= left - 1) {
            SceneObject larger = objects.get(sign > 0 ? best : Integer.numberOfTrailingZeros(left));
            SceneObject smaller = objects.get(sign > 0 ? Integer.numberOfTrailingZeros(left) : best);
            if (larger.visibleArea() < AREA_RATIO * smaller.visibleArea() || larger.extent() < 1.1 * smaller.extent()) {
                return UNCLEAR;
            }
        }
        return 1 << best;
    }

    private int region(int fitting, int horizontal, int vertical) {
        int set = 0;
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            double x = horizontal == 0 ? 0 : place(i, horizontal < 0 ? Side.LEFT : Side.RIGHT);
            double y = vertical == 0 ? 0 : place(i, vertical < 0 ? Side.TOP : Side.BOTTOM);
            if (x <= IN_REGION && y <= IN_REGION) {
                set |= 1 << i;
            } else if (x < OUT_OF_REGION && y < OUT_OF_REGION) {
                return UNCLEAR;
            }
        }
        return set;
    }

    private int middle(int fitting) {
        int set = 0;
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            double x = Math.abs(place(i, Side.LEFT) - 0.5);
            double y = Math.abs(place(i, Side.TOP) - 0.5);
            if (x <= 0.12 && y <= 0.12) {
                set |= 1 << i;
            } else if (x < 0.22 && y < 0.22) {
                return UNCLEAR;
            }
        }
        return set;
    }

    private int related(int fitting, Relation relation, int anchor) {
        return switch (relation) {
            case LEFT_OF -> beside(fitting, anchor, Side.LEFT);
            case RIGHT_OF -> beside(fitting, anchor, Side.RIGHT);
            case ABOVE -> beside(fitting, anchor, Side.TOP);
            case BELOW -> beside(fitting, anchor, Side.BOTTOM);
            case NEAREST -> byDistance(fitting, anchor, 1);
            case FARTHEST -> byDistance(fitting, anchor, -1);
            case IN_FRONT_OF -> overlapping(fitting, anchor, true);
            case BEHIND -> overlapping(fitting, anchor, false);
        };
    }

    private int beside(int fitting, int anchor, Side side) {
        boolean horizontal = side == Side.LEFT || side == Side.RIGHT;
        Side across = horizontal ? Side.TOP : Side.LEFT;
        double aspect =
                horizontal ? layout.height() / (double) layout.width() : layout.width() / (double) layout.height();
        int set = 0;
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            double offset = place(anchor, side) - place(i, side);
            double other = Math.abs(place(anchor, across) - place(i, across)) * aspect;
            if (offset >= BESIDE && other <= STEEPEST * offset) {
                set |= 1 << i;
            } else if (offset > NOT_BESIDE) {
                return UNCLEAR;
            }
        }
        return set;
    }

    /** Nearest (sign 1) or farthest (-1), by centres and by the gap between the visible boxes. */
    private int byDistance(int fitting, int anchor, int sign) {
        if (fitting == 0) {
            return 0;
        }
        int best = Integer.numberOfTrailingZeros(fitting);
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            if (sign * Double.compare(distance(i, anchor), distance(best, anchor)) < 0) {
                best = i;
            }
        }
        for (int left = fitting & ~(1 << best); left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            int nearer = sign > 0 ? best : i;
            int farther = sign > 0 ? i : best;
            if (distance(farther, anchor) < DISTANCE_RATIO * distance(nearer, anchor)
                    || gap(farther, anchor) <= gap(nearer, anchor)) {
                return UNCLEAR;
            }
        }
        return 1 << best;
    }

    private double distance(int a, int b) {
        double x = objects.get(a).centreX() - objects.get(b).centreX();
        double y = objects.get(a).centreY() - objects.get(b).centreY();
        return Math.sqrt(x * x + y * y);
    }

    private double gap(int a, int b) {
        return distance(a, b) - (objects.get(a).extent() + objects.get(b).extent()) / 2.0;
    }

    private int overlapping(int fitting, int anchor, boolean inFront) {
        int set = 0;
        for (int left = fitting; left != 0; left &= left - 1) {
            int i = Integer.numberOfTrailingZeros(left);
            int behind = inFront ? anchor : i;
            int hidden = layout.hidden()[behind][inFront ? i : anchor];
            if (hidden >= COVERED * objects.get(behind).area()) {
                set |= 1 << i;
            } else if ((layout.near()[i] & 1 << anchor) != 0 || (layout.near()[anchor] & 1 << i) != 0) {
                return UNCLEAR;
            }
        }
        return set;
    }
}
