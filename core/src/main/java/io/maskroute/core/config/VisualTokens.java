package io.maskroute.core.config;

/**
 * How a family of models turns a picture into visual tokens of the LLM: its own sizes, beside those that all families have. A square
 * grid of image tokens, which may be routed, and behind it, for some families, latents that have no place in the picture and
 * always stay.
 */
public interface VisualTokens {
    /** The family's name in the registry. */
    String family();

    /**
     * Side of the grid of image tokens.
     *
     * @param config the model that this is part of
     */
    int gridSide(ModelConfig config);

    /** Number of latents. */
    default int latents() {
        return 0;
    }

    /** Side in pixels of the square that the whole picture is stretched to for a tower of its own; 0 where there is none. */
    default int stretchedSize() {
        return 0;
    }

    /** What must hold of these sizes. */
    void check(ModelConfigCheck check, ModelConfig config);
}
