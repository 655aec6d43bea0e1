package io.maskroute.datasets.refcoco;

import java.util.List;

/**
 * One referred object.
 *
 * @param refId unique in its file
 * @param annId of its annotation in {@code instances.json}
 */
record Ref(long refId, long annId, long imageId, String split, List<Sentence> sentences) {
    /** @param sent the cleaned text (not {@code raw}) */
    record Sentence(long sentId, String sent) {}
}
