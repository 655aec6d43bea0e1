package io.maskroute.core.segmenter;

import java.util.List;

/** The sentences that together refer to one object or group; PSALM joins them into one query. */
public record ReferringPrompt(List<String> sentences) {
    public ReferringPrompt {
        sentences = List.copyOf(sentences);
    }
}
