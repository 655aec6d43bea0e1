package io.maskroute.job.bench;

import io.maskroute.core.model.SegmenterOptions.Dtype;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What is to be measured.
 *
 * @param model folder; empty for the published PSALM size with random weights
 * @param routing a schedule file or an adapter folder
 * @param randomProjectors whether a schedule without tensors gets random projectors, or runs with untrained ones
 * @param prompts of a picture, in the shared runs
 * @param pictures of one call
 * @param imageTokens a square number; empty for the model's own
 * @param textTokens of a prompt; empty for those of PSALM's referring prompt, or as many as the model has positions for
 * @param parts empty for all that go with {@code imageTokens}
 * @param threads that one operator may use; 0 leaves PyTorch's choice
 * @param command for the record
 */
public record BenchOptions(
        Optional<Path> model,
        Path routing,
        boolean randomProjectors,
        Dtype dtype,
        String device,
        int prompts,
        int pictures,
        OptionalInt imageTokens,
        OptionalInt textTokens,
        Rounds rounds,
        Set<BenchPart> parts,
        int threads,
        List<String> command) {

    /** What can be measured. */
    public enum BenchPart {
        /** The LLM alone: one prompt alone, and prompts that share a prefix. */
        LLM,
        /** Whole pictures with their prompts, and the vision stages. */
        IMAGE
    }
}
