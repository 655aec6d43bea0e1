package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ImageGeometry;
import java.util.List;

/**
 * What is asked of a picture, in the way of one of the model's tasks. A task is one class: its conditions, the weights that
 * read them, and how their logits become masks.
 */
public interface Task {
    /** The task's name: {@code referring}, {@code panoptic}, {@code instance}, {@code semantic} or {@code region}. */
    String label();

    /**
     * What is asked for, in the prompt's order; at least one.
     *
     * @throws RowFailure of stage {@code tokenize} when there is nothing that can be asked
     */
    List<Condition> conditions() throws RowFailure;

    /** Which weights read the conditions. */
    Head head();

    /**
     * Where the regions among the conditions are to be sampled, in order: per region {@code (y, x)} of its points, in fractions of
     * the network's square.
     *
     * @throws RowFailure of stage {@code tokenize} when a region is none of this picture's
     */
    default List<float[]> regions(ImageGeometry picture) throws RowFailure {
        return List.of();
    }

    /**
     * From logits to masks.
     *
     * @return best first
     * @throws RowFailure of stage {@code postprocess} when numbers are not finite
     */
    List<ScoredMask> masks(Decoded decoded, AnswerRule rule) throws RowFailure;

    /** Names what PSALM computes in post-processing, every query's, for {@code trace}. */
    void trace(Decoded decoded, IValue taps);
}
