package io.maskroute.datasets.metrics;

import java.io.Serializable;
import java.util.Objects;

/** Where evaluation codes of referring segmentation differ; belongs to every result. */
public record ReferringRules(EmptyUnion emptyUnion, MissingPrediction missingPrediction) implements Serializable {
    /** LISA's and PSALM's rule for an empty union; every sample counts. */
    public static final ReferringRules DEFAULT = new ReferringRules(EmptyUnion.ONE, MissingPrediction.COUNTED);

    public ReferringRules {
        Objects.requireNonNull(emptyUnion);
        Objects.requireNonNull(missingPrediction);
    }
}
