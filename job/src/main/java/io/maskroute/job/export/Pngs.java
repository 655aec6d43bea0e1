package io.maskroute.job.export;

import io.maskroute.datasets.mask.Rle;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.io.OutputStream;
import javax.imageio.ImageIO;

/** Pictures of numbers as PNG files. */
final class Pngs {
    private static final int COLOURS = 256;

    private Pngs() {}

    /** Draws a mask into a picture of numbers, row by row; pixels that have a number keep it. */
    static void draw(Rle mask, int number, int[] numbers, int free) {
        int[] runs = mask.counts();
        int at = 0;
        for (int i = 0; i < runs.length; i++) {
            int end = at + runs[i];
            if ((i & 1) == 1) {
                for (int pixel = at; pixel < end; pixel++) {
                    int place = pixel % mask.height() * mask.width() + pixel / mask.height();
                    if (numbers[place] == free) {
                        numbers[place] = number;
                    }
                }
            }
            at = end;
        }
    }

    /** Gray, 8 bits; 16 where asked for. */
    static void writeGray(int[] numbers, ExportedPicture.Size size, boolean wide, OutputStream out) throws IOException {
        write(
                numbers,
                size,
                new BufferedImage(
                        size.width(),
                        size.height(),
                        wide ? BufferedImage.TYPE_USHORT_GRAY : BufferedImage.TYPE_BYTE_GRAY),
                out);
    }

    /** With the palette of Pascal VOC and DAVIS: the bits of a number, three at a time, from the highest of each colour down. */
    static void writePalette(int[] numbers, ExportedPicture.Size size, OutputStream out) throws IOException {
        byte[][] colours = new byte[3][COLOURS];
        for (int number = 0; number < COLOURS; number++) {
            for (int bit = 0; bit < 8; bit++) {
                for (int colour = 0; colour < 3; colour++) {
                    colours[colour][number] |= (byte) ((number >> (3 * bit + colour) & 1) << (7 - bit));
                }
            }
        }
        IndexColorModel palette = new IndexColorModel(8, COLOURS, colours[0], colours[1], colours[2]);
        write(
                numbers,
                size,
                new BufferedImage(size.width(), size.height(), BufferedImage.TYPE_BYTE_INDEXED, palette),
                out);
    }

    /** A number in red (lowest), green and blue, as COCO's panoptic format has ids of segments. */
    static void writeIds(int[] numbers, ExportedPicture.Size size, OutputStream out) throws IOException {
        BufferedImage image = new BufferedImage(size.width(), size.height(), BufferedImage.TYPE_INT_RGB);
        int[] rgb = new int[numbers.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (numbers[i] & 0xff) << 16 | numbers[i] & 0xff00 | numbers[i] >> 16 & 0xff;
        }
        image.getRaster().setDataElements(0, 0, size.width(), size.height(), rgb);
        ImageIO.write(image, "png", out);
    }

    private static void write(int[] numbers, ExportedPicture.Size size, BufferedImage image, OutputStream out)
            throws IOException {
        image.getRaster().setSamples(0, 0, size.width(), size.height(), 0, numbers);
        ImageIO.write(image, "png", out);
    }
}
