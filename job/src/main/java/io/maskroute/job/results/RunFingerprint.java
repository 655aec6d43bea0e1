package io.maskroute.job.results;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.maskroute.core.image.ExifOrientation;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * What decides the rows of a run, by name. Rows of runs with different fingerprints do not belong into one folder. Where and how
 * fast something runs (device, cluster, sizes of groups) is not in it.
 *
 * @param parts name to value, as text; null where there is none
 */
public record RunFingerprint(@JsonValue Map<String, String> parts) {
    /** What the model computes in, never {@code auto}. */
    public static final String DTYPE = "model.dtype";

    /** Referring prompts are answered by all masks that score more, see {@link RunRecord#union}; null where by the best one. */
    public static final String UNION = "the threshold of the answer union";

    /** Below it an answer is empty; null where the best mask is always given. */
    public static final String MIN_SCORE = "the least score of a mask";

    /** How many pictures of the dataset are used; null for all. */
    public static final String LIMIT = "--limit";

    /** What was done with EXIF orientation; runs of before it was recorded kept pictures as stored. */
    public static final String ORIENTATION = "the pictures' orientation";

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public RunFingerprint {
        parts = new LinkedHashMap<>(parts);
        parts.putIfAbsent(ORIENTATION, ExifOrientation.STORED.label());
    }

    /** All of it as 16 hexadecimal digits. */
    public String digest() {
        return DigestUtils.sha256Hex(new TreeMap<>(parts).toString()).substring(0, 16);
    }

    /** What is not the same, one phrase each; empty when the runs belong together. */
    public List<String> differencesTo(RunFingerprint now) {
        Set<String> names = new LinkedHashSet<>(parts.keySet());
        names.addAll(now.parts.keySet());
        return names.stream()
                .filter(name -> !Objects.equals(parts.get(name), now.parts.get(name)))
                .map(name -> name + " was " + text(parts.get(name)) + " and is " + text(now.parts.get(name)))
                .toList();
    }

    private static String text(String value) {
        return value == null ? "not set" : value;
    }
}
