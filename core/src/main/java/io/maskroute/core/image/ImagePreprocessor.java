package io.maskroute.core.image;

import io.maskroute.core.config.ModelConfig;
import java.util.Arrays;

/**
 * Fits a picture into the network's square, as PSALM's detectron2 mapper does: the longest side becomes the square's (small
 * pictures are enlarged), Pillow's bilinear resize, the rest right and below filled; and where a model has a tower for it, into another
 * square, stretched. Thread-safe.
 */
public final class ImagePreprocessor {
    private final int size;
    private final byte padValue;
    private final int stretchedSize;

    public ImagePreprocessor(ModelConfig config) {
        this(config.image(), config.visualTokens().stretchedSize());
    }

    /** @param stretchedSize side of the other square, 0 for none */
    ImagePreprocessor(ModelConfig.Image config, int stretchedSize) {
        this.size = config.size();
        this.padValue = (byte) config.padValue();
        this.stretchedSize = stretchedSize;
    }

    public PreparedImage prepare(RgbImage image) {
        Content content = content(image.height(), image.width());
        byte[] pixels = new byte[3 * size * size];
        Arrays.fill(pixels, padValue);
        PillowResize.into(PillowResize.Filter.BILINEAR, image, content.height, content.width, pixels, size);
        return new PreparedImage(
                pixels,
                size,
                content.height,
                content.width,
                image.height(),
                image.width(),
                stretched(image, stretchedSize));
    }

    /**
     * The whole picture stretched to a square, whatever its shape, by Pillow's bicubic: as SigLIP's processor gives it to the network.
     *
     * @return {@code 3 * size * size} samples, channel by channel
     */
    static byte[] stretched(RgbImage image, int size) {
        byte[] pixels = new byte[3 * size * size];
        if (size == 0) {
            return pixels;
        }
        PillowResize.into(PillowResize.Filter.BICUBIC, image, size, size, pixels, size);
        return pixels;
    }

    /** What a picture measures inside the square. */
    record Content(int height, int width) {}

    Content content(int imageHeight, int imageWidth) {
        // ResizeShortestEdge(size, max_size=size): the scale is applied in two steps, which decides some roundings.
        double scale = (double) size / Math.min(imageHeight, imageWidth);
        double height = imageHeight < imageWidth ? size : scale * imageHeight;
        double width = imageHeight < imageWidth ? scale * imageWidth : size;
        double longest = Math.max(height, width);
        if (longest > size) {
            double again = size / longest;
            height *= again;
            width *= again;
        }
        return new Content(round(height), round(width));
    }

    /** The original rule gives 0 below half a pixel, and fails there; a line of one pixel is the nearest picture. */
    private static int round(double side) {
        return Math.max(1, (int) (side + 0.5));
    }
}
