package io.maskroute.core.task;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.mask.BinaryMask;
import java.util.SplittableRandom;

/**
 * Where a region is sampled, as in PSALM: its mask in the network's square (Pillow's nearest neighbour), of which {@value #POINTS} pixels
 * are taken: all of them and some again where there are fewer, some where there are more.
 */
final class RegionPoints {
    static final int POINTS = 256;

    private RegionPoints() {}

    /**
     * @return {@code (y, x)} of each point: the pixel's index over the square's side
     * @throws RowFailure {@code bad-region} when the region covers none of the picture's pixels
     */
    static float[] of(Drawn region, ImageGeometry picture, SplittableRandom random) throws RowFailure {
        BinaryMask mask = region.draw(picture.originalHeight(), picture.originalWidth());
        int[] rows = nearest(picture.contentHeight(), picture.originalHeight());
        int[] columns = nearest(picture.contentWidth(), picture.originalWidth());
        int[] inside = new int[rows.length * columns.length];
        int count = 0;
        for (int y = 0; y < rows.length; y++) {
            for (int x = 0; x < columns.length; x++) {
                if (mask.at(rows[y], columns[x])) {
                    inside[count++] = y * picture.size() + x;
                }
            }
        }
        if (count == 0) {
            inside[count++] = lost(mask, picture);
        }
        if (count > POINTS) {
            shuffleFirst(inside, count, random);
        }
        float[] points = new float[2 * POINTS];
        for (int i = 0; i < POINTS; i++) {
            int pixel = inside[i < count ? i : random.nextInt(count)];
            points[2 * i] = (float) ((double) (pixel / picture.size()) / picture.size());
            points[2 * i + 1] = (float) ((double) (pixel % picture.size()) / picture.size());
        }
        return points;
    }

    /** Draws as many of the first {@code count} as are sampled to the front, none of them twice. */
    private static void shuffleFirst(int[] pixels, int count, SplittableRandom random) {
        for (int i = 0; i < POINTS; i++) {
            int drawn = random.nextInt(i, count);
            int first = pixels[i];
            pixels[i] = pixels[drawn];
            pixels[drawn] = first;
        }
    }

    /** The pixel of the square that stands for a region so small that shrinking lost it. */
    private static int lost(BinaryMask mask, ImageGeometry picture) throws RowFailure {
        for (int i = 0; i < mask.columnMajor().length; i++) {
            if (mask.columnMajor()[i] != 0) {
                long row = i % mask.height();
                long column = i / mask.height();
                return (int) (row * picture.contentHeight() / mask.height() * picture.size()
                        + column * picture.contentWidth() / mask.width());
            }
        }
        throw Drawn.bad("the region has no pixel of the picture");
    }

    /** Pillow's nearest neighbour: the pixel under the middle of each, found by adding up steps. */
    private static int[] nearest(int to, int from) {
        double step = (double) from / to;
        double at = step * 0.5;
        int[] source = new int[to];
        for (int i = 0; i < to; i++) {
            source[i] = Math.min(from - 1, (int) at);
            at += step;
        }
        return source;
    }
}
