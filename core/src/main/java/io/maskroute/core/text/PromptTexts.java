package io.maskroute.core.text;

import java.util.List;

/**
 * The text of a task's prompt in the template that PSALM was trained with ({@code llava_phi}, one user turn and one assistant
 * turn, its spelling kept). Placeholders in angle brackets stand for what is not fixed text; {@link #pieces} cuts there,
 * since every piece is tokenised by itself.
 *
 * @param user what the user says
 * @param assistant what the assistant answers
 */
record PromptTexts(String user, String assistant) {
    static final PromptTexts REFERRING = new PromptTexts(
            "This is an image <image>, Please doing Referring Segmentation according to the following instruction:\n<refer>",
            "\nSure, the segmentation result is <seg>");

    private static final String SYSTEM = "You are a helpful language and vision assistant. "
            + "You are able to understand the visual content that the user provides, "
            + "and assist the user with a variety of tasks using natural language.";

    private static final String PLACEHOLDERS = "<image>|<refer>|<seg>";

    /** The whole prompt with its placeholders. */
    String whole() {
        return "[INST] <<SYS>>\n" + SYSTEM + "\n<</SYS>>\n\n" + user + " [/INST] " + assistant + " <|endoftext|>";
    }

    /**
     * The texts between the placeholders, in order: before the image tokens, up to the condition, up to the mask tokens, and
     * what follows those.
     */
    List<String> pieces() {
        return List.of(whole().split(PLACEHOLDERS, -1));
    }

    /** The text of a referring condition: all sentences, each with a leading space and a full stop. */
    static String condition(List<String> sentences) {
        StringBuilder text = new StringBuilder();
        for (String sentence : sentences) {
            text.append(' ').append(sentence).append('.');
        }
        return text.toString();
    }
}
