package io.maskroute.core.flops;

/**
 * Choices of the implementation that change what is computed but not the result.
 *
 * @param lastLayer what the last LLM layer does for the prefix, which nothing reads after it
 * @param trainedProjectors whether the routing projectors are multiplied out; untrained ones copy their proxy's change
 */
public record Execution(LastLayer lastLayer, boolean trainedProjectors) {

    /** What the last layer computes for the prefix's tokens. */
    public enum LastLayer {
        /** All of the layer: the plain rule that every present token goes through every layer. */
        EVERYTHING,
        /** Queries, keys and values, of which the queries are not used. */
        QUERIES_KEYS_VALUES,
        /** Keys and values, all that the prompts' own tokens read. */
        KEYS_VALUES
    }
}
