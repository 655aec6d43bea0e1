/**
 * Import of RefCOCO, RefCOCO+, RefCOCOg and gRefCOCO from their official files ({@code refs(*).p}, {@code grefs(*).json},
 * {@code instances.json}, COCO train2014 images). Depends on {@code coco},
 * {@code writer}, {@code schema}, {@code core.pickle} {@code core.image}'s orientation and
 * {@code core.segmenter}'s prompts.
 */
package io.maskroute.datasets.refcoco;
