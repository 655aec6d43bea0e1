package io.maskroute.datasets.shapesref;

import java.util.Locale;

/** Diameter over the picture's shorter side. The ranges lie apart, so that nobody wonders which one is meant. */
public enum Size implements Attribute {
    SMALL(0.105, 0.135),
    /** Never named. */
    MEDIUM(0.165, 0.19),
    LARGE(0.23, 0.29);

    private final double from;
    private final double to;

    Size(double from, double to) {
        this.from = from;
        this.to = to;
    }

    double from() {
        return from;
    }

    double to() {
        return to;
    }

    @Override
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public boolean describes(SceneObject object) {
        return object.size() == this;
    }
}
