package io.maskroute.datasets.writer;

import java.io.Serializable;

/**
 * A row to be written, from a picture that lies in a file of its own.
 *
 * @param uri of the image file, absolute
 * @param prompts makes its prompts
 * @param targets how many of the official file's entries are lost with it where it cannot be used
 * @param split or null
 * @param source or null
 * @param licence or null
 */
public record PlannedImage(
        String imageId, String uri, PromptMaker prompts, int targets, String split, String source, String licence)
        implements Serializable {}
