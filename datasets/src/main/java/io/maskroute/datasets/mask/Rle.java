package io.maskroute.datasets.mask;

import io.maskroute.core.mask.BinaryMask;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * A binary mask as run lengths in COCO's form (maskApi.h of cocodataset/cocoapi): down the first column, then the next,
 * background and foreground in turn. Runs of length zero are allowed anywhere; what this class computes has none but
 * possibly the first. Everything except {@link #toMask} works on the runs and needs no memory for pixels.
 */
public record Rle(int height, int width, int[] counts) {
    /** Most pixels a mask may have: positions are {@code int}s, as in the COCO code. */
    public static final int MAX_PIXELS = Integer.MAX_VALUE;

    /** Most pixels that {@link #toMask} lays out, one byte each: a short string must not claim the heap. */
    public static final int MAX_DECODED_PIXELS = 1 << 28;

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long EIGHT_ONES = 0x0101010101010101L;

    /**
     * @param height rows, at least 1
     * @param width columns, at least 1
     * @param counts run lengths in pixels, background first; copied
     * @throws InvalidRleException if a run is negative, the runs do not add up to {@code height * width}, or that is
     *     more than {@link #MAX_PIXELS}
     */
    public Rle {
        int pixels = requireSize(height, width);
        long sum = 0;
        for (int i = 0; i < counts.length; i++) {
            sum += requireRun(i, counts[i]);
        }
        if (sum != pixels) {
            throw new InvalidRleException(
                    "runs add up to " + sum + " pixels, but a " + height + "x" + width + " mask has " + pixels);
        }
        counts = counts.clone();
    }

    /**
     * Reads COCO's compressed string.
     *
     * @throws InvalidRleException if it is not one, or not of this size
     */
    public static Rle parse(int height, int width, String compressed) {
        return new Rle(height, width, CompressedRuns.read(compressed));
    }

    /**
     * The uncompressed form, as a JSON reader hands it out.
     *
     * @throws InvalidRleException as the constructor, and if a run is not a whole number
     */
    public static Rle ofCounts(int height, int width, List<? extends Number> counts) {
        int[] runs = new int[counts.size()];
        for (int i = 0; i < runs.length; i++) {
            double run = counts.get(i).doubleValue();
            if (run != Math.rint(run)) {
                throw new InvalidRleException("run " + i + " is " + run + ", not a whole number");
            }
            runs[i] = requireRun(i, (long) run);
        }
        return new Rle(height, width, runs);
    }

    /** Encodes a mask; any byte but 0 is foreground. */
    public static Rle of(BinaryMask mask) {
        byte[] pixels = mask.columnMajor();
        IntList counts = new IntList();
        boolean foreground = false;
        int at = 0;
        do {
            int end = endOfRun(pixels, at, pixels.length, foreground);
            counts.add(end - at);
            at = end;
            foreground = !foreground;
        } while (at < pixels.length);
        return new Rle(mask.height(), mask.width(), counts.toArray());
    }

    /**
     * Encodes a picture whose foreground lies in a box.
     *
     * @param box the pixels of the box
     * @param left its first column in the picture
     * @param top its first row in the picture
     */
    static Rle of(BinaryMask box, int left, int top, int height, int width) {
        byte[] pixels = box.columnMajor();
        IntList changes = new IntList();
        for (int column = 0; column < box.width(); column++) {
            int first = column * box.height();
            int last = first + box.height();
            int shift = (left + column) * height + top - first;
            for (int at = endOfRun(pixels, first, last, false); at < last; at = endOfRun(pixels, at, last, false)) {
                changes.add(at + shift);
                at = endOfRun(pixels, at, last, true);
                changes.add(at + shift);
            }
        }
        return ofChanges(height, width, changes.toArray());
    }

    /**
     * @param sorted where foreground and background change, ascending; pairs of equal positions cancel each other
     */
    static Rle ofChanges(int height, int width, int[] sorted) {
        int pixels = requireSize(height, width);
        IntList counts = new IntList();
        int at = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (i + 1 < sorted.length && sorted[i] == sorted[i + 1]) {
                i++;
            } else {
                counts.add(sorted[i] - at);
                at = sorted[i];
            }
        }
        if (at < pixels || counts.size() == 0) {
            counts.add(pixels - at);
        }
        return new Rle(height, width, counts.toArray());
    }

    /**
     * Splits a picture of labels into a mask for each label.
     *
     * @param labels of the pixels, row by row, {@code height * width} of them
     * @return by label, ascending; labels without pixels are not there
     */
    public static SortedMap<Integer, Rle> byLabel(int height, int width, int[] labels) {
        SortedMap<Integer, IntList> changes = new TreeMap<>();
        int last = -1;
        for (int at = 0; at <= labels.length; at++) {
            int label = at == labels.length ? -1 : labels[at % height * width + at / height];
            if (at > 0 && label == last) {
                continue;
            }
            if (at > 0) {
                changes.get(last).add(at);
            }
            if (at < labels.length) {
                changes.computeIfAbsent(label, key -> new IntList()).add(at);
            }
            last = label;
        }
        SortedMap<Integer, Rle> masks = new TreeMap<>();
        changes.forEach((label, of) -> masks.put(label, ofChanges(height, width, of.toArray())));
        return masks;
    }

    private static int endOfRun(byte[] pixels, int from, int to, boolean foreground) {
        long same = foreground ? EIGHT_ONES : 0;
        int at = from;
        while (at + Long.BYTES <= to && (long) EIGHT_BYTES.get(pixels, at) == same) {
            at += Long.BYTES;
        }
        while (at < to && (pixels[at] != 0) == foreground) {
            at++;
        }
        return at;
    }

    /** The run lengths, copied. */
    @Override
    public int[] counts() {
        return counts.clone();
    }

    /** COCO's compressed string of these very runs. */
    public String compressed() {
        return CompressedRuns.write(counts);
    }

    /** @throws InvalidRleException if the mask has more than {@link #MAX_DECODED_PIXELS} pixels */
    public BinaryMask toMask() {
        if (pixels() > MAX_DECODED_PIXELS) {
            throw new InvalidRleException("a " + height + "x" + width
                    + " mask is too large to be laid out in memory (at most " + MAX_DECODED_PIXELS + " pixels)");
        }
        byte[] columnMajor = new byte[pixels()];
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            if ((i & 1) == 1) {
                Arrays.fill(columnMajor, at, at + counts[i], (byte) 1);
            }
            at += counts[i];
        }
        return new BinaryMask(height, width, columnMajor);
    }

    /** Foreground pixels. */
    public long area() {
        long area = 0;
        for (int i = 1; i < counts.length; i += 2) {
            area += counts[i];
        }
        return area;
    }

    /**
     * The smallest box around the foreground.
     *
     * @return {@code [x, y, width, height]} in pixels; zeros if there is no foreground
     */
    public double[] bbox() {
        int left = width;
        int right = -1;
        int top = height;
        int bottom = -1;
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            if ((i & 1) == 1 && counts[i] > 0) {
                int last = at + counts[i] - 1;
                int firstColumn = at / height;
                int lastColumn = last / height;
                boolean crossesColumns = firstColumn < lastColumn;
                left = Math.min(left, firstColumn);
                right = Math.max(right, lastColumn);
                top = Math.min(top, crossesColumns ? 0 : at % height);
                bottom = Math.max(bottom, crossesColumns ? height - 1 : last % height);
            }
            at += counts[i];
        }
        return right < 0 ? new double[4] : new double[] {left, top, right - left + 1, bottom - top + 1};
    }

    /** The other pixels. */
    public Rle complement() {
        if (counts[0] == 0 && counts.length > 1) {
            return new Rle(height, width, Arrays.copyOfRange(counts, 1, counts.length));
        }
        int[] shifted = new int[counts.length + 1];
        System.arraycopy(counts, 0, shifted, 1, counts.length);
        return new Rle(height, width, shifted);
    }

    /** The pixels of this mask that {@code other} does not have. */
    public Rle minus(Rle other) {
        return intersection(List.of(this, other.complement()));
    }

    /** Pixels in any of the masks. A single mask comes back with its own runs, as in the COCO code. */
    public static Rle union(List<Rle> masks) {
        return merge(masks, covering -> covering >= 1);
    }

    /** Pixels in all of the masks. A single mask comes back with its own runs, as in the COCO code. */
    public static Rle intersection(List<Rle> masks) {
        return merge(masks, covering -> covering == masks.size());
    }

    /**
     * Pixels in exactly one of the masks. It is the target that LISA, GLaMM, Sa2VA and LAVT see where polygon parts
     * overlap; {@code union(parts).area() - coveredOnce(parts).area()} counts the overlap.
     */
    public static Rle coveredOnce(List<Rle> masks) {
        return merge(masks, covering -> covering == 1);
    }

    /** @param foregroundWhenCoveredBy how many of the masks; not by none */
    private static Rle merge(List<Rle> masks, IntPredicate foregroundWhenCoveredBy) {
        if (masks.isEmpty()) {
            throw new InvalidRleException("no masks to merge");
        }
        Rle first = masks.get(0);
        if (masks.size() == 1) {
            return first;
        }
        // Sorted, so that the time grows with the runs and not with the runs times the masks.
        IntList starts = new IntList();
        IntList ends = new IntList();
        for (Rle mask : masks) {
            first.requireSameSize(mask);
            int at = 0;
            for (int i = 0; i < mask.counts.length; i++) {
                if ((i & 1) == 1) {
                    starts.add(at);
                    ends.add(at + mask.counts[i]);
                }
                at += mask.counts[i];
            }
        }
        int[] opening = starts.toArray();
        int[] closing = ends.toArray();
        Arrays.sort(opening);
        Arrays.sort(closing);
        IntList changes = new IntList();
        boolean foreground = false;
        int opened = 0;
        int closed = 0;
        while (closed < closing.length) {
            int at = opened < opening.length ? Math.min(opening[opened], closing[closed]) : closing[closed];
            while (opened < opening.length && opening[opened] == at) {
                opened++;
            }
            while (closed < closing.length && closing[closed] == at) {
                closed++;
            }
            if (foregroundWhenCoveredBy.test(opened - closed) != foreground) {
                changes.add(at);
                foreground = !foreground;
            }
        }
        return ofChanges(first.height, first.width, changes.toArray());
    }

    /** Pixels that both masks have. */
    public static long intersectionArea(Rle a, Rle b) {
        a.requireSameSize(b);
        int[] runsA = a.counts;
        int[] runsB = b.counts;
        int runA = 0;
        int runB = 0;
        int endA = runsA[0];
        int endB = runsB[0];
        int at = 0;
        long area = 0;
        // Runs that are left when one mask has ended are of length zero.
        while (runA < runsA.length && runB < runsB.length) {
            int end = Math.min(endA, endB);
            if ((runA & runB & 1) == 1) {
                area += end - at;
            }
            at = end;
            if (endA == end && ++runA < runsA.length) {
                endA += runsA[runA];
            }
            if (endB == end && ++runB < runsB.length) {
                endB += runsB[runB];
            }
        }
        return area;
    }

    /**
     * Intersection over union; 0 if both are empty, as in the COCO code.
     *
     * @param crowd whether the ground truth is a crowd region: then intersection over the area of {@code detection}
     */
    public static double iou(Rle detection, Rle groundTruth, boolean crowd) {
        long intersection = intersectionArea(detection, groundTruth);
        long detectionArea = detection.area();
        long union = crowd ? detectionArea : detectionArea + groundTruth.area() - intersection;
        return intersection == 0 ? 0 : (double) intersection / union;
    }

    private int pixels() {
        return height * width;
    }

    private void requireSameSize(Rle other) {
        if (other.height != height || other.width != width) {
            throw new InvalidRleException(
                    "masks of different sizes: " + height + "x" + width + " and " + other.height + "x" + other.width);
        }
    }

    /** The number of pixels, if a mask can have this size. */
    static int requireSize(int height, int width) {
        if (height < 1 || width < 1) {
            throw new InvalidRleException("a mask cannot be " + height + "x" + width);
        }
        if ((long) height * width > MAX_PIXELS) {
            throw new InvalidRleException(
                    "a mask of " + height + "x" + width + " is too large (at most " + MAX_PIXELS + " pixels)");
        }
        return height * width;
    }

    static int requireRun(int index, long length) {
        if (length < 0 || length > MAX_PIXELS) {
            throw new InvalidRleException("run " + index + " has length " + length);
        }
        return (int) length;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Rle other
                && height == other.height
                && width == other.width
                && Arrays.equals(counts, other.counts);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * height + width) + Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return "Rle[" + height + "x" + width + ", " + counts.length + " runs]";
    }
}
