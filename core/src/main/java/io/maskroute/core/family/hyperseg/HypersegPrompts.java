package io.maskroute.core.family.hyperseg;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.family.Prompts;
import io.maskroute.core.task.Head;
import java.util.List;
import java.util.regex.Pattern;

/**
 * HyperSeg's prompts in the template that its evaluation really uses, Mipha's {@code v0}. Only referring prompts are the original's:
 * its release has no text for class names, and PSALM's stands in its place here.
 */
final class HypersegPrompts implements Prompts {
    private static final String SYSTEM = "A chat between a curious user and an artificial intelligence assistant."
            + " The assistant gives helpful, detailed, and polite answers to the user's questions.";

    /** What Python's {@code strip} takes away. */
    private static final String SPACE = "[\\p{Z}\\x09-\\x0d\\x1c-\\x1f\\x85]+";

    private static final Pattern AROUND = Pattern.compile("^" + SPACE + "|" + SPACE + "\\z");

    @Override
    public List<String> tasks() {
        return List.of("referring", "panoptic", "instance", "semantic");
    }

    @Override
    public String whole(Head head, int conditions) throws RowFailure {
        String all = Prompts.list(conditions);
        return switch (head) {
            case SEG -> turns(", Please doing Referring Segmentation according to the following instruction:\n" + all);
            case CLASS -> turns(
                    ", Please do Panoptic Segmentation.\nThis is all the candidate categories: " + all + ".\n");
            case REGION -> throw new RowFailure(
                    Stage.TOKENIZE, "unsupported-task", "HyperSeg has no prompts for regions; PSALM has");
        };
    }

    private static String turns(String user) {
        return SYSTEM + " USER: This is an image <image>\n<latents>\n" + user
                + " ASSISTANT: \nSure, the segmentation result is <answer><seg><|endoftext|>";
    }

    /** A referring expression begins without a space. */
    @Override
    public String words(Head head, String words) {
        return head == Head.SEG ? AROUND.matcher(words).replaceAll("") : words;
    }
}
