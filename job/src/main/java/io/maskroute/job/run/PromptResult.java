package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.Segmentation;

/** What the model made of one prompt: exactly one of the two. */
record PromptResult(Segmentation segmentation, RowFailure failure) {
    static PromptResult of(Segmentation segmentation) {
        return new PromptResult(segmentation, null);
    }

    static PromptResult of(RowFailure failure) {
        return new PromptResult(null, failure);
    }
}
