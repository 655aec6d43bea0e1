package io.maskroute.core.task;

/**
 * Weights that compare queries with conditions: a linear layer from the LLM's width to the decoder's for the conditions, and an MLP
 * of two layers for the queries. Logits are dot products of the two.
 */
public enum Head {
    /** Referring expressions. */
    SEG("SEG_token_projector", "SEG_proj"),
    /** Class names. */
    CLASS("class_name_projector", "CLASS_proj"),
    /** Regions of the picture. */
    REGION("region_projector", "REGION_proj");

    private final String projector;
    private final String queries;

    Head(String projector, String queries) {
        this.projector = projector;
        this.queries = queries;
    }

    /** The checkpoint's name of the layer for conditions. */
    public String projector() {
        return projector;
    }

    /** The checkpoint's name of the MLP for queries, below {@code predictor.}. */
    public String queries() {
        return queries;
    }
}
