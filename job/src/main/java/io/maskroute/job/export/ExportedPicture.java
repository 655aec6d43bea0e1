package io.maskroute.job.export;

import java.util.List;

/**
 * A picture with its prompts.
 *
 * @param id null for prompts of a row without one
 * @param name the prediction's {@code image_name}; the picture's id where there is none
 * @param size as decoded; null where nothing says
 * @param image encoded, for formats that read pictures; null where it is not stored in the dataset
 * @param uri where the picture lies; null where it is stored
 * @param prompts by their ids
 */
record ExportedPicture(String id, String name, Size size, byte[] image, String uri, List<ExportedPrompt> prompts) {
    record Size(int height, int width) {}
}
