package io.maskroute.datasets.shapesref;

import java.util.Locale;

/** What covers an object, in two shades of its colour. */
public enum Pattern implements Attribute {
    PLAIN,
    STRIPED,
    DOTTED,
    CHECKERED;

    @Override
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public boolean describes(SceneObject object) {
        return object.pattern() == this;
    }
}
