package io.maskroute.datasets.schema;

import io.maskroute.core.image.Orientation;
import java.io.Serializable;

/**
 * @param categoryId in the numbering of its dataset, or null
 * @param isCrowd whether it covers a group that was not annotated one by one
 * @param annotationId of the official annotation, or null
 * @param area in pixels as the annotation file has it, which its evaluation goes by; null = the mask's
 * @param region index of the prompt's region that it answers, or null
 */
public record TruthMask(
        EncodedMask mask, Integer categoryId, boolean isCrowd, Long annotationId, Long area, Integer region)
        implements Serializable {
    public TruthMask(EncodedMask mask, Integer categoryId, boolean isCrowd, Long annotationId) {
        this(mask, categoryId, isCrowd, annotationId, null, null);
    }

    TruthMask turned(Orientation orientation) {
        return new TruthMask(mask.turned(orientation), categoryId, isCrowd, annotationId, area, region);
    }
}
