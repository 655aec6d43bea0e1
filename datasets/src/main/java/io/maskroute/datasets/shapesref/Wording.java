package io.maskroute.datasets.shapesref;

import io.maskroute.datasets.shapesref.Expression.At;
import io.maskroute.datasets.shapesref.Expression.Both;
import io.maskroute.datasets.shapesref.Expression.Except;
import io.maskroute.datasets.shapesref.Expression.Matching;
import io.maskroute.datasets.shapesref.Expression.Nth;
import io.maskroute.datasets.shapesref.Expression.Related;
import java.util.ArrayList;
import java.util.List;

/** Says an expression in English, in one of several ways. */
final class Wording {
    private static final String[] NUMBERS = {"", "one", "two", "three", "four", "five", "six", "seven", "eight"};
    private static final String[] ORDINALS = {"", "first", "second", "third", "fourth", "fifth", "sixth"};

    private final Draws draws;
    private final int objects;

    /** @param objects in the picture */
    Wording(Draws draws, int objects) {
        this.draws = draws;
        this.objects = objects;
    }

    /** @param targets how many objects it means */
    String of(Expression expression, int targets) {
        if (expression instanceof Matching matching && targets > 1) {
            return all(matching.filter(), targets);
        }
        if (expression instanceof Matching matching && targets == 0 && draws.chance(0.15)) {
            return draws.of("all ", "all the ") + phrase(matching.filter(), true);
        }
        if (expression instanceof Except except) {
            return allBut(except.filter(), objects - targets);
        }
        if (expression instanceof Related related && targets > 1) {
            return draws.of("all ", "all the ", "the ")
                    + phrase(related.filter(), true)
                    + relation(related, "that are ");
        }
        String text = one(expression);
        // A caption rather than a sentence, as people often write.
        return text.startsWith("the ") && draws.chance(0.2) ? text.substring(4) : text;
    }

    private String all(Filter filter, int targets) {
        String things = phrase(filter, true);
        return switch (draws.below(4)) {
            case 0 -> (targets == 2 ? "both " : "all ") + things;
            case 1 -> "the " + NUMBERS[targets] + " " + things;
            case 2 -> "all the " + things;
            default -> targets == 2 ? "both " + things : "every " + phrase(filter, false);
        };
    }

    private String allBut(Filter filter, int left) {
        String all = draws.of("everything", "all objects", "all shapes", "all things");
        return all + draws.of(" except", " but") + " the " + phrase(filter, left > 1);
    }

    private String one(Expression expression) {
        if (expression instanceof Matching matching) {
            return "the " + phrase(matching.filter(), false);
        }
        if (expression instanceof At at) {
            return place(at);
        }
        if (expression instanceof Nth nth) {
            String from =
                    switch (nth.from()) {
                        case LEFT -> "from the left";
                        case RIGHT -> "from the right";
                        case TOP -> "from the top";
                        case BOTTOM -> "from the bottom";
                    };
            String ordinal = ORDINALS[nth.n()];
            String thing = phrase(nth.filter(), false);
            return draws.chance(0.75)
                    ? "the " + ordinal + " " + thing + " " + from
                    : "the " + thing + " that is " + ordinal + " " + from;
        }
        if (expression instanceof Both both) {
            return one(both.first()) + " and " + one(both.second());
        }
        Related related = (Related) expression;
        return "the " + phrase(related.filter(), false) + relation(related, "that is ");
    }

    private String relation(Related related, String clause) {
        String words =
                switch (related.relation()) {
                    case LEFT_OF -> draws.of("left of", "to the left of");
                    case RIGHT_OF -> draws.of("right of", "to the right of");
                    case ABOVE -> draws.of("above", "higher than");
                    case BELOW -> draws.of("below", "lower than");
                    case NEAREST -> draws.of("nearest to", "closest to");
                    case FARTHEST -> draws.of("farthest from", "furthest from");
                    case IN_FRONT_OF -> draws.of("in front of", "partly covering", "on top of");
                    case BEHIND -> draws.of("behind", "partly covered by", "partly hidden by");
                };
        return " " + (draws.chance(0.25) ? clause : "") + words + " " + anchor(related.anchor());
    }

    /** Which word a relation inside another one belongs to must be plain. */
    private String anchor(Expression anchor) {
        if (anchor instanceof Related related) {
            String inner = relation(related, "that is ");
            return "the " + phrase(related.filter(), false)
                    + (inner.startsWith(" that is ") ? inner : " that is" + inner);
        }
        return one(anchor);
    }

    private String place(At at) {
        String thing = phrase(at.filter(), false);
        String before =
                switch (at.place()) {
                    case LEFTMOST -> draws.of("leftmost", "left-most");
                    case RIGHTMOST -> draws.of("rightmost", "right-most");
                    case TOPMOST -> draws.of("topmost", "top-most", "highest");
                    case BOTTOMMOST -> draws.of("bottommost", "bottom-most", "lowest");
                    case LARGEST -> draws.of("largest", "biggest");
                    case SMALLEST -> draws.of("smallest", "tiniest");
                    default -> null;
                };
        if (before != null) {
            return "the " + before + " " + thing;
        }
        String after =
                switch (at.place()) {
                    case TOP_LEFT -> corner("top left", "upper left");
                    case TOP_RIGHT -> corner("top right", "upper right");
                    case BOTTOM_LEFT -> corner("bottom left", "lower left");
                    case BOTTOM_RIGHT -> corner("bottom right", "lower right");
                    case ON_THE_LEFT -> draws.of("on the left", "on the left side");
                    case ON_THE_RIGHT -> draws.of("on the right", "on the right side");
                    case AT_THE_TOP -> draws.of("at the top", "in the upper half");
                    case AT_THE_BOTTOM -> draws.of("at the bottom", "in the lower half");
                    default -> draws.of("in the middle", "in the centre");
                };
        return "the " + thing + " " + after;
    }

    private String corner(String one, String other) {
        return switch (draws.below(3)) {
            case 0 -> "at the " + one;
            case 1 -> "in the " + other;
            default -> "in the " + one + " corner";
        };
    }

    private String phrase(Filter filter, boolean plural) {
        List<String> before = new ArrayList<>(3);
        String after = "";
        Size size = filter.wanted(Size.class);
        Colour colour = filter.wanted(Colour.class);
        Pattern pattern = filter.wanted(Pattern.class);
        if (colour != null) {
            before.add(colour.word());
        }
        if (pattern != null) {
            if (pattern != Pattern.PLAIN && filter.unwanted() == null && draws.chance(0.25)) {
                after = switch (pattern) {
                    case STRIPED -> " with stripes";
                    case DOTTED -> " with dots";
                    default -> " with a checkered pattern";
                };
            } else {
                before.add(draws.chance(0.8) ? 0 : before.size(), pattern.word());
            }
        }
        if (size != null) {
            before.add(0, size == Size.LARGE ? draws.of("large", "big") : draws.of("small", "little"));
        }
        Shape shape = filter.wanted(Shape.class);
        if (shape != null) {
            before.add(plural ? shape.plural() : shape.word());
        } else {
            before.add(draws.of("object", "thing", "shape") + (plural ? "s" : ""));
        }
        return String.join(" ", before) + after + unwanted(filter.unwanted(), plural);
    }

    private static String unwanted(Attribute unwanted, boolean plural) {
        if (unwanted == null) {
            return "";
        }
        String not = plural ? " that are not " : " that is not ";
        if (unwanted instanceof Shape shape) {
            return not + (plural ? shape.plural() : "a " + shape.word());
        }
        return not + unwanted.word();
    }
}
