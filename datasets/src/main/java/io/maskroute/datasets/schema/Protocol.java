package io.maskroute.datasets.schema;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * How the sentences of a referred object become prompts. Numbers of the two kinds are not comparable: a joined prompt
 * carries about three descriptions of its object.
 */
public enum Protocol {
    /** One prompt for each sentence (LISA, GLaMM, LAVT and most others). */
    PER_EXPRESSION("per-expression"),
    /** One prompt for each object, with all its sentences (PSALM, HyperSeg). */
    JOINED("joined");

    private final String label;

    Protocol(String label) {
        this.label = label;
    }

    @JsonValue
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
