/**
 * Import of RefCOCO, RefCOCO+ and RefCOCOg from their official files ({@code refs(*).p}, {@code instances.json}, COCO
 * train2014 images). {@link io.maskroute.datasets.refcoco.RefcocoImport} is the way in. Depends on {@code coco},
 * {@code writer}, {@code schema}, {@code core.pickle} {@code core.image}'s orientation and
 * {@code core.segmenter}'s prompts.
 */
package io.maskroute.datasets.refcoco;
