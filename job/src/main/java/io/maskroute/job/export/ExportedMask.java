package io.maskroute.job.export;

import io.maskroute.datasets.mask.Rle;

/**
 * One mask of a prompt.
 *
 * @param category id of its class; null where it has none
 * @param region index of the region that it answers, or null
 */
record ExportedMask(Rle rle, float score, Integer category, Integer region) {
    boolean isEmpty() {
        return rle.area() == 0;
    }
}
