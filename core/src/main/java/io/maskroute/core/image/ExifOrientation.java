package io.maskroute.core.image;

/**
 * What to do with a picture's EXIF orientation.
 *
 * <p>{@link #IGNORE} is the default: ground truth of COCO, RefCOCO and their like lies on the stored pixels, and Pillow and
 * ImageIO, with which people look at masks, show the stored pixels too. PSALM's own evaluation reads pictures through
 * detectron2, which applies the orientation; for the rare rotated picture its masks then no longer lie on the stored
 * pixels.
 */
public enum ExifOrientation {
    /** Keep the stored pixels; masks are of the stored size. */
    IGNORE,
    /** Turn the picture upright before anything else; masks are of the upright size. */
    APPLY
}
