package io.maskroute.datasets.coco;

/** An entry of {@code annotations}. Its {@code area} and {@code bbox} are not read: the mask says both. */
public record CocoAnnotation(long id, long imageId, int categoryId, boolean isCrowd, Segmentation segmentation) {}
