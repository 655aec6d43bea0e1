package io.maskroute.datasets.shapesref;

import io.maskroute.core.mask.BinaryMask;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.util.List;

/**
 * A picture, what is in it and what is asked about it.
 *
 * @param rgb {@code height * width * 3} bytes, row-major, sRGB; not copied
 * @param owner {@code height * width} bytes, row-major: the index of the object that a pixel shows, or {@link #NOTHING}; not
 *     copied
 * @param objects in the order in which they lie on each other, the lowest first
 */
public record ShapesScene(
        int width, int height, byte[] rgb, byte[] owner, List<SceneObject> objects, List<ShapesPrompt> prompts) {
    /** Of pixels that show the background. */
    public static final byte NOTHING = Layout.NOTHING;

    public ShapesScene {
        objects = List.copyOf(objects);
        prompts = List.copyOf(prompts);
    }

    /** The visible pixels of one object. */
    public BinaryMask mask(int object) {
        byte[] columnMajor = new byte[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                columnMajor[x * height + y] = (byte) (owner[y * width + x] == object ? 1 : 0);
            }
        }
        return new BinaryMask(height, width, columnMajor);
    }

    public BufferedImage image() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        byte[] bgr = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
        for (int i = 0; i < rgb.length; i += 3) {
            bgr[i] = rgb[i + 2];
            bgr[i + 1] = rgb[i + 1];
            bgr[i + 2] = rgb[i];
        }
        return image;
    }
}
