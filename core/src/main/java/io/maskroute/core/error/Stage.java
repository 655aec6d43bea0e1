package io.maskroute.core.error;

/** The steps a row goes through, in order; names appear in lower case in the predictions' {@code error.stage}. */
public enum Stage {
    /** Reading the row itself and, for {@code image_uri}, the bytes behind it. */
    READ,
    DECODE,
    PREPROCESS,
    TOKENIZE,
    /** Swin, pixel decoder, and what the mask decoder makes of a picture before its prompts. */
    VISION,
    /** The LLM over the tokens that all prompts of an image share. */
    PREFIX,
    /** The LLM over a prompt's own tokens. */
    PROMPT,
    /** The mask decoder. */
    DECODER,
    POSTPROCESS,
    /** Comparing with the ground truth. */
    TRUTH;

    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
