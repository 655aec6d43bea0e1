package io.maskroute.datasets.coco;

/**
 * An entry of {@code images}.
 *
 * @param fileName relative, checked to stay inside the image folder
 * @param height in pixels
 * @param width in pixels
 * @param url where it was published ({@code flickr_url}, else {@code coco_url}), or null
 * @param licence id in {@link CocoInstances#licences()}, or null
 */
public record CocoImage(long id, String fileName, int height, int width, String url, Long licence) {}
