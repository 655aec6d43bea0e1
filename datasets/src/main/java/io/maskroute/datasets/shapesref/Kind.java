package io.maskroute.datasets.shapesref;

import java.util.Locale;

/** What has to be understood to answer a prompt. */
public enum Kind {
    /** Looks alone: "the small red star", "the circle that is not blue". */
    ATTRIBUTE,
    /** Place in the picture or rank by size: "the leftmost triangle", "the largest object". */
    POSITION,
    /** Another object: "the circle left of the green cross". */
    RELATION,
    /** Counting: "the second circle from the left". */
    ORDINAL,
    /** Several targets: "both stars", "everything except the hearts". */
    PLURAL,
    /** No target: what is described is not there, though something like it is. */
    NO_TARGET;

    /** In lower case with hyphens; prompt ids end in it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
