package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The object or group that sentences refer to together; PSALM joins them into one query. The answer is the best mask, or all that
 * score enough: {@link AnswerRule#union}.
 */
public record ReferringTask(List<String> sentences) implements Task {
    /**
     * Separators, control and format characters (Unicode's Z, Cc and Cf: a no-break or zero-width space, a byte order mark …), and
     * the blanks among letters and symbols: the fillers of Hangul, the empty Braille pattern.
     */
    private static final Pattern BLANK =
            Pattern.compile("[\\p{Z}\\p{Cc}\\p{Cf}\\x{115F}\\x{1160}\\x{3164}\\x{FFA0}\\x{2800}]*+");

    public ReferringTask {
        sentences = List.copyOf(sentences);
    }

    /** Whether there is nothing to be seen of a sentence: it refers to nothing, and whatever a model answers means nothing. */
    public static boolean isEmpty(String sentence) {
        return BLANK.matcher(sentence).matches();
    }

    @Override
    public String label() {
        return "referring";
    }

    /** All sentences, each with a leading space and a full stop. */
    @Override
    public List<Condition> conditions() throws RowFailure {
        if (sentences.isEmpty()) {
            throw new RowFailure(Stage.TOKENIZE, "empty-prompt", "the prompt has no sentence");
        }
        StringBuilder text = new StringBuilder();
        for (String sentence : sentences) {
            if (isEmpty(sentence)) {
                throw new RowFailure(Stage.TOKENIZE, "empty-prompt", "the prompt has a sentence without words");
            }
            text.append(' ').append(sentence).append('.');
        }
        return List.of(new Condition(text.toString()));
    }

    @Override
    public Head head() {
        return Head.SEG;
    }

    /** Nothing when even the best mask scores too little. */
    @Override
    public List<ScoredMask> masks(Decoded decoded, AnswerRule rule) throws RowFailure {
        ScoredMask best = decoded.best(0);
        if (rule.union().isEmpty() || best.score() <= rule.union().getAsDouble()) {
            return rule.answer(List.of(best));
        }
        return rule.answer(decoded.above(0, rule.union().getAsDouble()));
    }

    @Override
    public void trace(Decoded decoded, IValue taps) {
        decoded.trace("trace_referring", taps);
    }
}
