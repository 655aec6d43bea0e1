package io.maskroute.core.family.psalm;

import io.maskroute.core.family.Prompts;
import io.maskroute.core.task.Head;
import java.util.List;

/**
 * The prompts that PSALM was trained with: the template {@code llava_phi}, one user turn and one assistant turn, its spelling kept. The
 * three tasks of class names have the same words, as PSALM trained and evaluates them. (Its code has the word {@code Semantic} in a
 * data set class that none of its scripts takes a text from.)
 */
public final class PsalmPrompts implements Prompts {
    private static final String SYSTEM = "You are a helpful language and vision assistant. "
            + "You are able to understand the visual content that the user provides, "
            + "and assist the user with a variety of tasks using natural language.";

    private static final String SURE = "\nSure, the segmentation result is <seg>";

    @Override
    public List<String> tasks() {
        return List.of("referring", "panoptic", "instance", "semantic", "region");
    }

    @Override
    public String whole(Head head, int conditions) {
        String all = Prompts.list(conditions);
        return switch (head) {
            case SEG -> turns(
                    ", Please doing Referring Segmentation according to the following instruction:\n" + all, SURE);
            case CLASS -> turns(
                    ", Please do Panoptic Segmentation.\nThis is all the candidate categories: " + all + ".\n", SURE);
            case REGION -> turns(
                    ", Please segment by given regions\nThis is all regions:  " + all + ".\n", "\n[SEG]<seg>");
        };
    }

    private static String turns(String user, String assistant) {
        return "[INST] <<SYS>>\n" + SYSTEM + "\n<</SYS>>\n\nThis is an image <image>" + user + " [/INST] " + assistant
                + " <|endoftext|>";
    }
}
