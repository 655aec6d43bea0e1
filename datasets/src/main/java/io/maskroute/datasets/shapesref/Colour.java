package io.maskroute.datasets.shapesref;

import java.util.Locale;

/** Colours whose names nobody disputes, as sRGB. */
public enum Colour implements Attribute {
    RED(206, 38, 40),
    ORANGE(243, 134, 24),
    YELLOW(247, 211, 40),
    GREEN(46, 150, 62),
    CYAN(48, 196, 208),
    BLUE(38, 84, 202),
    PURPLE(134, 58, 176),
    BROWN(122, 74, 40),
    BLACK(38, 38, 42),
    WHITE(243, 242, 238);

    private final int red;
    private final int green;
    private final int blue;

    Colour(int red, int green, int blue) {
        this.red = red;
        this.green = green;
        this.blue = blue;
    }

    int red() {
        return red;
    }

    int green() {
        return green;
    }

    int blue() {
        return blue;
    }

    @Override
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public boolean describes(SceneObject object) {
        return object.colour() == this;
    }
}
