package io.maskroute.core.image;

import com.fasterxml.jackson.annotation.JsonValue;

/**
 * What is done with a picture's EXIF orientation. It decides the pixels that a model sees and the size of its masks, and ground
 * truth fits one of the two: annotations of COCO, RefCOCO and their like lie on the stored pixels; browsers, label tools and
 * PSALM's own reader (detectron2) show pictures upright.
 */
public enum ExifOrientation {
    /** Keep the stored pixels; masks are of the stored size. */
    STORED("stored"),
    /** Turn the picture upright before anything else; masks are of the upright size. */
    APPLY("apply");

    private final String label;

    ExifOrientation(String label) {
        this.label = label;
    }

    @JsonValue
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
