package io.maskroute.core.image;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.segmenter.PreparedImage;
import java.util.Arrays;

/**
 * Fits a picture into the network's square, as PSALM's detectron2 mapper does: the longest side becomes the square's (small
 * pictures are enlarged), Pillow's bilinear resize, the rest right and below filled. Thread-safe.
 */
public final class ImagePreprocessor {
    private final int size;
    private final byte padValue;

    public ImagePreprocessor(ModelConfig.Image config) {
        this.size = config.size();
        this.padValue = (byte) config.padValue();
    }

    public PreparedImage prepare(RgbImage image) {
        // ResizeShortestEdge(size, max_size=size): the scale is applied in two steps, which decides some roundings.
        double scale = (double) size / Math.min(image.height(), image.width());
        double height = image.height() < image.width() ? size : scale * image.height();
        double width = image.height() < image.width() ? scale * image.width() : size;
        double longest = Math.max(height, width);
        if (longest > size) {
            double again = size / longest;
            height *= again;
            width *= again;
        }
        int contentHeight = round(height);
        int contentWidth = round(width);
        byte[] pixels = new byte[3 * size * size];
        Arrays.fill(pixels, padValue);
        BilinearResize.into(image, contentHeight, contentWidth, pixels, size);
        return new PreparedImage(pixels, size, contentHeight, contentWidth, image.height(), image.width());
    }

    /** The original rule gives 0 below half a pixel, and fails there; a line of one pixel is the nearest picture. */
    private static int round(double side) {
        return Math.max(1, (int) (side + 0.5));
    }
}
