package io.maskroute.core.task;

import java.util.Collections;
import java.util.List;

/**
 * The text of a task's prompt in the template that PSALM was trained with ({@code llava_phi}, one user turn and one assistant
 * turn, its spelling kept). Placeholders in angle brackets stand for what is not fixed text; {@link #pieces} cuts there,
 * since every piece is tokenised by itself.
 *
 * @param user what the user says; {@code <image>} and then {@code <conditions>} stand in it
 * @param assistant what the assistant answers; {@code <seg>} stands in it
 */
public record PromptText(String user, String assistant) {
    static final String SURE = "\nSure, the segmentation result is <seg>";

    private static final String SYSTEM = "You are a helpful language and vision assistant. "
            + "You are able to understand the visual content that the user provides, "
            + "and assist the user with a variety of tasks using natural language.";

    private static final String CONDITION = "<condition>";
    private static final String PLACEHOLDERS = "<image>|" + CONDITION + "|<seg>";

    /** The whole prompt with its placeholders, of which {@code <condition>} stands there so many times. */
    public String whole(int conditions) {
        String all = String.join(", ", Collections.nCopies(conditions, CONDITION));
        return "[INST] <<SYS>>\n" + SYSTEM + "\n<</SYS>>\n\n" + user.replace("<conditions>", all) + " [/INST] "
                + assistant + " <|endoftext|>";
    }

    /**
     * The texts between the placeholders, in order: before the image tokens, up to the first condition, between conditions, up to
     * the mask tokens, and what follows those.
     */
    public List<String> pieces(int conditions) {
        return List.of(whole(conditions).split(PLACEHOLDERS, -1));
    }
}
