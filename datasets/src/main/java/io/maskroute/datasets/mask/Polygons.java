package io.maskroute.datasets.mask;

import java.util.List;

/**
 * Polygons to masks. The two rules differ by several percent of an object's area, so a result made with one is not
 * comparable with a result made with the other; which one was used belongs to the result.
 */
public final class Polygons {
    private static final int BOX = 4;

    private Polygons() {}

    /**
     * COCO's rule, each part even-odd, the parts' union. If the first part has four numbers, all parts are boxes
     * {@code x, y, width, height} (pycocotools, {@code frPyObjects}).
     *
     * @param parts vertices {@code x0, y0, x1, y1, ...} in pixels, the ring closed or not
     * @throws InvalidRleException if there is no part, a part is no polygon, or their outlines are absurdly long
     */
    public static Rle rasterize(List<double[]> parts, int height, int width) {
        return Rle.union(rasterizeParts(parts, height, width));
    }

    /** As {@link #rasterize}, but the parts one by one: to see where they overlap. */
    public static List<Rle> rasterizeParts(List<double[]> parts, int height, int width) {
        requireParts(parts, height, width);
        boolean boxes = parts.get(0).length == BOX;
        Effort effort = new Effort();
        return parts.stream()
                .map(part -> CocoRaster.rasterize(boxes ? corners(part) : part, height, width, effort))
                .toList();
    }

    /**
     * A rule like OpenCV's {@code fillPoly} after cutting coordinates to whole pixels, which PSALM, HyperSeg and
     * ReasonSeg use for ground truth: the outline itself belongs to the object. OpenCV's own result changes from version
     * to version; this one agrees with them to a small fraction of a percent, not to the pixel.
     *
     * @param parts vertices {@code x0, y0, x1, y1, ...} in pixels; each part is filled on its own
     * @throws InvalidRleException as {@link #rasterize}, for pictures of more than {@link Rle#MAX_DECODED_PIXELS}
     *     pixels, and for parts that would be minutes of work together
     */
    public static Rle fillOpencvLike(List<double[]> parts, int height, int width) {
        requireParts(parts, height, width);
        return Rle.union(fillPartsOpencvLike(parts, height, width));
    }

    /** As {@link #fillOpencvLike}, but the parts one by one; four numbers are a line, whatever the other parts are. */
    public static List<Rle> fillPartsOpencvLike(List<double[]> parts, int height, int width) {
        requireSomeParts(parts, height, width);
        for (int p = 0; p < parts.size(); p++) {
            requirePart(p, parts.get(p), false);
        }
        if (height * width > Rle.MAX_DECODED_PIXELS) {
            throw new InvalidRleException("a picture of " + height + "x" + width + " is too large to fill polygons in");
        }
        Effort effort = new Effort();
        return parts.stream()
                .map(part -> OpencvLikeRaster.rasterize(part, height, width, effort))
                .toList();
    }

    private static double[] corners(double[] box) {
        double right = box[0] + box[2];
        double bottom = box[1] + box[3];
        return new double[] {box[0], box[1], box[0], bottom, right, bottom, right, box[1]};
    }

    private static void requireParts(List<double[]> parts, int height, int width) {
        requireSomeParts(parts, height, width);
        boolean boxes = parts.get(0).length == BOX;
        for (int p = 0; p < parts.size(); p++) {
            requirePart(p, parts.get(p), boxes);
        }
    }

    private static void requireSomeParts(List<double[]> parts, int height, int width) {
        Rle.requireSize(height, width);
        if (parts.isEmpty()) {
            throw new InvalidRleException("a segmentation without polygons");
        }
    }

    private static void requirePart(int index, double[] part, boolean box) {
        if (part.length % 2 == 1 || part.length < BOX || (box && part.length != BOX)) {
            throw new InvalidRleException("part " + index + " has " + part.length
                    + " numbers; a polygon is pairs of x and y, a box four numbers, and the two cannot be mixed");
        }
        for (double coordinate : part) {
            if (!Double.isFinite(coordinate)) {
                throw new InvalidRleException("part " + index + " has the coordinate " + coordinate);
            }
        }
    }
}
