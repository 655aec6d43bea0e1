package io.maskroute.datasets.shapesref;

/** What an expression says, without its words; {@link Evaluator} finds what is meant, {@link Wording} says it. */
sealed interface Expression {
    /** Every object that fits. */
    record Matching(Filter filter) implements Expression {}

    /** Every object that does not fit. */
    record Except(Filter filter) implements Expression {}

    /** The one that fits at a place or of a rank. */
    record At(Filter filter, Place place) implements Expression {}

    /** Those that fit and are related to what {@code anchor} means, which must be one object. */
    record Related(Filter filter, Relation relation, Expression anchor) implements Expression {}

    /** @param n counted from 1 */
    record Nth(Filter filter, int n, Side from) implements Expression {}

    record Both(Expression first, Expression second) implements Expression {}

    /** Where counting starts. */
    enum Side {
        LEFT,
        RIGHT,
        TOP,
        BOTTOM
    }

    enum Place {
        LEFTMOST,
        RIGHTMOST,
        TOPMOST,
        BOTTOMMOST,
        LARGEST,
        SMALLEST,
        TOP_LEFT,
        TOP_RIGHT,
        BOTTOM_LEFT,
        BOTTOM_RIGHT,
        ON_THE_LEFT,
        ON_THE_RIGHT,
        AT_THE_TOP,
        AT_THE_BOTTOM,
        IN_THE_MIDDLE
    }

    enum Relation {
        LEFT_OF,
        RIGHT_OF,
        ABOVE,
        BELOW,
        NEAREST,
        FARTHEST,
        IN_FRONT_OF,
        BEHIND
    }
}
