package io.maskroute.datasets.refcoco;

import java.util.List;

/**
 * One referred object.
 *
 * @param refId unique in its file
 * @param annIds of its annotations in {@code instances.json}; none = nothing in the picture is meant
 */
record Ref(long refId, List<Long> annIds, long imageId, String split, List<Sentence> sentences) {
    /** @param sent the cleaned text (not {@code raw}) */
    record Sentence(long sentId, String sent) {}
}
