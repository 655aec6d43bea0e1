package io.maskroute.job.report;

import io.maskroute.datasets.mask.Rle;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import javax.imageio.ImageIO;

/**
 * Masks as see-through PNGs that lie over a picture, in the size it is shown at. A prediction is filled, a truth is outlined
 * and what was missed is hatched, so they can be told apart without telling colours apart; the colours are from the palette
 * of Okabe and Ito ("Color Universal Design", 2008).
 */
final class Layers {
    private static final int BLUE = 0x56b4e9;
    private static final int ORANGE = 0xe69f00;
    private static final int GREEN = 0x009e73;
    private static final int VERMILLION = 0xd55e00;
    private static final int YELLOW = 0xf0e442;
    private static final int DARK = 0x101418;

    /** Outside, inside, line, and a rim inside the line: it keeps a truth visible on any picture. */
    private static final int[] PREDICTION = {0, colour(BLUE, 50), colour(BLUE, 100), colour(BLUE, 50)};

    private static final int[] TRUTH = {0, colour(ORANGE, 12), colour(ORANGE, 100), colour(DARK, 70)};
    /** Neither, both, predicted only, and the two stripes of missed. */
    private static final int[] DIFFERENCE = {
        0, colour(GREEN, 55), colour(VERMILLION, 80), colour(YELLOW, 90), colour(DARK, 70)
    };

    private static final int BITS = 4;

    /** Layers of smaller pictures are drawn larger than the picture, so that their lines stay fine on the screen. */
    private static final int LEAST_SIDE = 400;

    private Layers() {}

    /** The same colours for the page's legend, as custom properties of CSS. */
    static String style() {
        return String.format(
                ":root { --prediction: #%06x; --truth: #%06x; --agreed: #%06x; --extra: #%06x; --missed: #%06x; --rim: #%06x; }\n",
                BLUE, ORANGE, GREEN, VERMILLION, YELLOW, DARK);
    }

    private static int colour(int rgb, int percentOpaque) {
        return Math.round(percentOpaque * 2.55f) << 24 | rgb;
    }

    static String prediction(Rle mask, Size size) throws IOException {
        return outlined(mask, size, PREDICTION);
    }

    static String truth(Rle mask, Size size) throws IOException {
        return outlined(mask, size, TRUTH);
    }

    /** Where both agree, what only the prediction has, and (hatched) what it missed. */
    static String difference(Rle prediction, Rle truth, Size size) throws IOException {
        int times = enlargement(size);
        boolean[] predicted = enlarge(shrink(prediction, size), size, times);
        boolean[] wanted = enlarge(shrink(truth, size), size, times);
        Size drawn = size.times(times);
        byte[] colours = new byte[predicted.length];
        int stripe = 4 * unit(drawn);
        for (int i = 0; i < colours.length; i++) {
            if (predicted[i]) {
                colours[i] = (byte) (wanted[i] ? 1 : 2);
            } else if (wanted[i]) {
                colours[i] = (byte) ((i % drawn.width() + i / drawn.width()) / stripe % 2 == 0 ? 3 : 4);
            }
        }
        return png(colours, drawn, DIFFERENCE);
    }

    /**
     * The mask in another size, row by row: a pixel is set when at least half of what it covers is. A mask too thin for that
     * keeps every pixel that it touches, so that it does not vanish. Works on the runs; a full-size mask is never made.
     */
    static boolean[] shrink(Rle mask, Size size) {
        int[] covered = new int[Math.multiplyExact(size.width(), size.height())];
        int height = mask.height();
        int width = mask.width();
        long start = 0;
        int[] counts = mask.counts();
        for (int run = 0; run < counts.length; run++) {
            long end = start + counts[run];
            if (run % 2 == 1) {
                for (long at = start; at < end; ) {
                    long column = at / height;
                    long until = Math.min(end, (column + 1) * height);
                    int x = (int) (column * size.width() / width);
                    cover(covered, x, (int) (at - column * height), (int) (until - column * height), height, size);
                    at = until;
                }
            }
            start = end;
        }
        boolean[] half = new boolean[covered.length];
        boolean[] touched = new boolean[covered.length];
        boolean any = false;
        for (int i = 0; i < covered.length; i++) {
            long rows =
                    first(i / size.width() + 1, height, size.height()) - first(i / size.width(), height, size.height());
            long columns =
                    first(i % size.width() + 1, width, size.width()) - first(i % size.width(), width, size.width());
            touched[i] = covered[i] > 0;
            half[i] = touched[i] && 2L * covered[i] >= rows * columns;
            any |= half[i];
        }
        return any ? half : touched;
    }

    /** Adds rows {@code from} to {@code to} of one column of the full-size mask to the pixels they fall into. */
    private static void cover(int[] covered, int x, int from, int to, int height, Size size) {
        for (int row = from; row < to; ) {
            int y = (int) ((long) row * size.height() / height);
            int next = (int) Math.min(to, first(y + 1, height, size.height()));
            covered[y * size.width() + x] += next - row;
            row = next;
        }
    }

    /** The first of {@code full} rows (or columns) that falls into pixel {@code index} of {@code small}. */
    private static long first(long index, long full, long small) {
        return (index * full + small - 1) / small;
    }

    private static String outlined(Rle mask, Size size, int[] palette) throws IOException {
        int times = enlargement(size);
        Size drawn = size.times(times);
        int rim = unit(drawn);
        int line = 2 * rim;
        byte[] depth = depth(enlarge(shrink(mask, size), size, times), drawn, line + rim);
        for (int i = 0; i < depth.length; i++) {
            if (depth[i] > 0) {
                depth[i] = (byte) (depth[i] <= line ? 2 : depth[i] <= line + rim ? 3 : 1);
            }
        }
        return png(depth, drawn, palette);
    }

    private static int enlargement(Size size) {
        return Math.max(1, LEAST_SIDE / Math.max(size.width(), size.height()));
    }

    /** Each pixel as a square of {@code times} by {@code times}. */
    private static boolean[] enlarge(boolean[] mask, Size size, int times) {
        Size drawn = size.times(times);
        boolean[] large = new boolean[drawn.width() * drawn.height()];
        for (int i = 0; i < large.length; i++) {
            large[i] = mask[i / drawn.width() / times * size.width() + i % drawn.width() / times];
        }
        return large;
    }

    /** How far each pixel of the mask lies inside it, along its row or column, up to {@code limit + 1}; 0 outside. */
    private static byte[] depth(boolean[] mask, Size size, int limit) {
        byte[] depth = new byte[mask.length];
        for (int i = 0; i < mask.length; i++) {
            depth[i] = (byte) (mask[i] ? limit + 1 : 0);
        }
        for (int pass = 1; pass <= limit; pass++) {
            for (int y = 0, i = 0; y < size.height(); y++) {
                for (int x = 0; x < size.width(); x++, i++) {
                    boolean edge = x == 0
                            || y == 0
                            || x == size.width() - 1
                            || y == size.height() - 1
                            || depth[i - 1] < pass
                            || depth[i + 1] < pass
                            || depth[i - size.width()] < pass
                            || depth[i + size.width()] < pass;
                    if (depth[i] > pass && edge) {
                        depth[i] = (byte) pass;
                    }
                }
            }
        }
        return depth;
    }

    /** The outline's finest part: about a pixel of the screen when the picture is shown on a card. */
    private static int unit(Size size) {
        return Math.max(1, Math.round(Math.max(size.width(), size.height()) / 400f));
    }

    private static String png(byte[] colours, Size size, int[] palette) throws IOException {
        IndexColorModel model = new IndexColorModel(BITS, palette.length, palette, 0, true, -1, DataBuffer.TYPE_BYTE);
        WritableRaster raster =
                Raster.createPackedRaster(DataBuffer.TYPE_BYTE, size.width(), size.height(), 1, BITS, null);
        byte[] packed = ((DataBufferByte) raster.getDataBuffer()).getData();
        int stride = (size.width() + 1) / 2;
        for (int i = 0; i < colours.length; i++) {
            int x = i % size.width();
            packed[i / size.width() * stride + x / 2] |= (byte) (x % 2 == 0 ? colours[i] << BITS : colours[i]);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(model, raster, false, null), "png", bytes);
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
