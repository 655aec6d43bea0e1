package io.maskroute.datasets.labels;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Writes pictures of labels with the JDK, which is not what reads them. */
public final class LabelFiles {
    private LabelFiles() {}

    /** PNG, gray, 8 bits. */
    public static void gray(Path file, int width, int... values) throws IOException {
        write(file, "png", new BufferedImage(width, values.length / width, BufferedImage.TYPE_BYTE_GRAY), values);
    }

    /** PNG, gray, 16 bits. */
    public static void gray16(Path file, int width, int... values) throws IOException {
        write(file, "png", new BufferedImage(width, values.length / width, BufferedImage.TYPE_USHORT_GRAY), values);
    }

    /** TIFF, gray, 16 bits. */
    public static void tiff16(Path file, int width, int... values) throws IOException {
        write(file, "tiff", new BufferedImage(width, values.length / width, BufferedImage.TYPE_USHORT_GRAY), values);
    }

    /** PNG with a palette in which all colours but the first are the same. */
    public static void palette(Path file, int bits, int width, int... values) throws IOException {
        byte[] colours = new byte[1 << bits];
        colours[0] = (byte) 200;
        IndexColorModel palette = new IndexColorModel(bits, colours.length, colours, colours, colours);
        int type = bits == 8 ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_BYTE_BINARY;
        write(file, "png", new BufferedImage(width, values.length / width, type, palette), values);
    }

    private static void write(Path file, String format, BufferedImage image, int[] values) throws IOException {
        image.getRaster().setSamples(0, 0, image.getWidth(), image.getHeight(), 0, values);
        ImageIO.write(image, format, file.toFile());
    }
}
