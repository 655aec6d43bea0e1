package io.maskroute.datasets.shapesref;

/** What an object looks like, one property at a time. */
sealed interface Attribute permits Size, Colour, Pattern, Shape {
    boolean describes(SceneObject object);

    /** As it is written in an expression. */
    String word();
}
