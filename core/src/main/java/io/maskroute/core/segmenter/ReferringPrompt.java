package io.maskroute.core.segmenter;

import java.util.List;
import java.util.regex.Pattern;

/** The sentences that together refer to one object or group; PSALM joins them into one query. */
public record ReferringPrompt(List<String> sentences) {
    /**
     * Separators, control and format characters (Unicode's Z, Cc and Cf: a no-break or zero-width space, a byte order mark …), and
     * the blanks among letters and symbols: the fillers of Hangul, the empty Braille pattern.
     */
    private static final Pattern BLANK =
            Pattern.compile("[\\p{Z}\\p{Cc}\\p{Cf}\\x{115F}\\x{1160}\\x{3164}\\x{FFA0}\\x{2800}]*+");

    public ReferringPrompt {
        sentences = List.copyOf(sentences);
    }

    /** Whether there is nothing to be seen of a sentence: it refers to nothing, and whatever a model answers means nothing. */
    public static boolean isEmpty(String sentence) {
        return BLANK.matcher(sentence).matches();
    }
}
