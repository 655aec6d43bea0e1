package io.maskroute.job.input;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.segmenter.ReferringPrompt;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;

/** Which prompts of a dataset can be run. */
public final class ReferringPrompts {
    private ReferringPrompts() {}

    /** @throws RowFailure at stage {@code read} when the prompt is incomplete or of another task */
    public static ReferringPrompt of(PromptRow prompt) throws RowFailure {
        PromptTask task = prompt.requireUsable();
        if (task != PromptTask.REFERRING) {
            throw new RowFailure(
                    Stage.READ, "unsupported-task", "this maskroute runs referring prompts, not " + prompt.task());
        }
        return new ReferringPrompt(prompt.texts());
    }
}
