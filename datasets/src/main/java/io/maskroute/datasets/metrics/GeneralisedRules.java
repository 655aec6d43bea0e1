package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Objects;

/**
 * Where evaluation codes of generalised referring segmentation (gRefCOCO) differ that let the model reject an
 * expression. PSALM cannot reject; its gRefCOCO results are those of {@link ReferringMetrics} with
 * {@link EmptyUnion#ONE}.
 */
public record GeneralisedRules(NoTarget noTarget, RejectedTarget rejectedTarget) implements Serializable {
    /** What makes a sample one without target. */
    public enum NoTarget {
        /** The annotation says so. */
        ANNOTATED,
        /** The truth has no pixel. */
        EMPTY_TRUTH
    }

    /** What a sample with a target scores whose expression the model rejected. */
    public enum RejectedTarget {
        /** No intersection; the union stays that of the mask that came with the rejection. */
        NOTHING,
        /** What its mask scores, as if it had not been rejected. */
        ITS_MASK
    }

    public static final GeneralisedRules RELA = new GeneralisedRules(NoTarget.ANNOTATED, RejectedTarget.NOTHING);
    public static final GeneralisedRules GSVA = new GeneralisedRules(NoTarget.EMPTY_TRUTH, RejectedTarget.ITS_MASK);

    public GeneralisedRules {
        Objects.requireNonNull(noTarget);
        Objects.requireNonNull(rejectedTarget);
    }
}
