package io.maskroute.datasets.schema;

import java.io.Serializable;

/**
 * @param categoryId in the numbering of its dataset, or null
 * @param isCrowd whether it covers a group that was not annotated one by one
 * @param annotationId of the official annotation, or null
 */
public record TruthMask(EncodedMask mask, Integer categoryId, boolean isCrowd, Long annotationId)
        implements Serializable {}
