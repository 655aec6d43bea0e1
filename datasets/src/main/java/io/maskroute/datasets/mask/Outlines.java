package io.maskroute.datasets.mask;

import io.maskroute.core.mask.BinaryMask;
import java.util.ArrayList;
import java.util.List;

/**
 * A mask as polygons along the edges of its pixels, as COCO's annotations have them. {@link Polygons#rasterize} makes the same
 * pixels of them again, but that polygons of COCO cannot have holes: those come out filled.
 *
 * @param parts one for each piece that hangs together by pixels' sides: corners {@code x0, y0, x1, y1, ...} in pixels, the ring not
 *     closed
 * @param holes how many are filled
 * @param filled pixels of the holes
 */
public record Outlines(List<double[]> parts, int holes, long filled) {
    /** The directions of a walk that has the foreground on its right: east, south, west, north. */
    private static final int[] STEP_X = {1, 0, -1, 0};

    private static final int[] STEP_Y = {0, 1, 0, -1};

    /** @throws InvalidRleException if the mask has more than {@link Rle#MAX_DECODED_PIXELS} pixels */
    public static Outlines of(Rle rle) {
        Walk walk = new Walk(rle.toMask());
        List<double[]> parts = new ArrayList<>();
        int holes = 0;
        for (int x = 0; x < rle.width(); x++) {
            for (int y = 0; y < rle.height(); y++) {
                if (walk.beginsAt(x, y)) {
                    IntList corners = walk.around(x, y);
                    // Holes are walked around the other way.
                    if (twiceTheArea(corners) < 0) {
                        holes++;
                    } else {
                        parts.add(numbers(corners));
                    }
                }
            }
        }
        return new Outlines(parts, holes, holes == 0 ? 0 : filled(rle, parts));
    }

    /** A piece may lie in another one's hole, so areas do not add up. */
    private static long filled(Rle rle, List<double[]> parts) {
        return Polygons.rasterize(parts, rle.height(), rle.width()).area() - rle.area();
    }

    private static long twiceTheArea(IntList corners) {
        long sum = 0;
        for (int i = 0; i < corners.size(); i += 2) {
            int next = (i + 2) % corners.size();
            sum += (long) corners.get(i) * corners.get(next + 1) - (long) corners.get(next) * corners.get(i + 1);
        }
        return sum;
    }

    private static double[] numbers(IntList corners) {
        double[] numbers = new double[corners.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = corners.get(i);
        }
        return numbers;
    }

    private static final class Walk {
        private final BinaryMask mask;
        /** Upper sides of pixels that have been walked along. */
        private final boolean[] walked;

        Walk(BinaryMask mask) {
            this.mask = mask;
            walked = new boolean[mask.columnMajor().length];
        }

        /** Whether the pixel's upper side is on an outline that has not been walked yet; each outline has such a side. */
        boolean beginsAt(int x, int y) {
            return isForeground(x, y) && !isForeground(x, y - 1) && !walked[x * mask.height() + y];
        }

        /** The corners of the outline that goes east along the pixel's upper side. */
        IntList around(int startX, int startY) {
            IntList corners = new IntList();
            int x = startX;
            int y = startY;
            int direction = 0;
            do {
                if (direction == 0) {
                    walked[x * mask.height() + y] = true;
                }
                x += STEP_X[direction];
                y += STEP_Y[direction];
                int turned = turn(x, y, direction);
                if (turned != direction) {
                    corners.add(x);
                    corners.add(y);
                    direction = turned;
                }
            } while (x != startX || y != startY || direction != 0);
            return corners;
        }

        /** Pixels that touch at a corner alone do not hang together. */
        private int turn(int x, int y, int direction) {
            boolean right = ahead(x, y, direction, (direction + 1) % 4);
            if (!right) {
                return (direction + 1) % 4;
            }
            boolean left = ahead(x, y, direction, (direction + 3) % 4);
            return left ? (direction + 3) % 4 : direction;
        }

        /** Whether the pixel is foreground that has the corner, lies ahead, and on that side of the way. */
        private boolean ahead(int x, int y, int direction, int side) {
            int dx = STEP_X[direction] + STEP_X[side];
            int dy = STEP_Y[direction] + STEP_Y[side];
            return isForeground(dx > 0 ? x : x - 1, dy > 0 ? y : y - 1);
        }

        private boolean isForeground(int x, int y) {
            return x >= 0 && y >= 0 && x < mask.width() && y < mask.height() && mask.at(y, x);
        }
    }
}
