package io.maskroute.datasets.coco;

import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Polygons;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.GroundTruthRaster;
import java.util.List;

/** The outline of an object in one of COCO's forms. */
public sealed interface Segmentation {

    /**
     * The pixels.
     *
     * @param height of the image in pixels
     * @param width of the image in pixels
     * @throws InvalidRleException when it is no mask of such an image
     */
    Raster rasterize(int height, int width, GroundTruthRaster rule);

    /**
     * @param mask all parts together
     * @param overlapPixels pixels that more than one part covers: some public code counts them as background
     */
    record Raster(Rle mask, long overlapPixels) {}

    /**
     * @param parts x0, y0, x1, y1, … of each; none, or none that has any numbers, is the empty mask
     */
    record Outline(List<double[]> parts) implements Segmentation {
        @Override
        public Raster rasterize(int height, int width, GroundTruthRaster rule) {
            List<double[]> drawn =
                    parts.stream().filter(part -> part.length > 0).toList();
            if (drawn.isEmpty()) {
                return new Raster(new Rle(height, width, new int[] {height * width}), 0);
            }
            List<Rle> masks =
                    switch (rule) {
                        case COCO -> Polygons.rasterizeParts(drawn, height, width);
                        case OPENCV_LIKE -> Polygons.fillPartsOpencvLike(drawn, height, width);
                    };
            Rle union = Rle.union(masks);
            return new Raster(
                    union,
                    masks.size() == 1
                            ? 0
                            : union.area() - Rle.coveredOnce(masks).area());
        }
    }

    /** Run lengths as a list of numbers. */
    record Runs(int height, int width, int[] counts) implements Segmentation {
        @Override
        public Raster rasterize(int height, int width, GroundTruthRaster rule) {
            requireSize(this.height, this.width, height, width);
            return new Raster(new Rle(height, width, counts), 0);
        }
    }

    /** Run lengths as COCO's compressed text. */
    record CompressedRuns(int height, int width, String counts) implements Segmentation {
        @Override
        public Raster rasterize(int height, int width, GroundTruthRaster rule) {
            requireSize(this.height, this.width, height, width);
            return new Raster(Rle.parse(height, width, counts), 0);
        }
    }

    private static void requireSize(int height, int width, int imageHeight, int imageWidth) {
        if (height != imageHeight || width != imageWidth) {
            throw new InvalidRleException("its run lengths are for " + height + "x" + width
                    + " (height x width), the image is " + imageHeight + "x" + imageWidth);
        }
    }
}
