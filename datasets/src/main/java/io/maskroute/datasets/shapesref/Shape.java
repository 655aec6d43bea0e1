package io.maskroute.datasets.shapesref;

/** The outlines; {@link Outline} draws them. */
public enum Shape implements Attribute {
    CIRCLE("circle", "circles"),
    SQUARE("square", "squares"),
    TRIANGLE("triangle", "triangles"),
    STAR("star", "stars"),
    HEXAGON("hexagon", "hexagons"),
    CROSS("cross", "crosses"),
    HEART("heart", "hearts"),
    RING("ring", "rings"),
    CRESCENT("crescent", "crescents");

    private final String word;
    private final String plural;

    Shape(String word, String plural) {
        this.word = word;
        this.plural = plural;
    }

    @Override
    public String word() {
        return word;
    }

    String plural() {
        return plural;
    }

    @Override
    public boolean describes(SceneObject object) {
        return object.shape() == this;
    }
}
