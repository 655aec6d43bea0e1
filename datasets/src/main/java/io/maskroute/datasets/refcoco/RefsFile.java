package io.maskroute.datasets.refcoco;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The refs of one split, from the plain values a pickle holds: a list of dicts, or a dict whose {@code refs} is that list.
 */
final class RefsFile {
    /** In place of a split's label: every split. */
    static final String ALL = "all";

    private static final String EMPTY_SENTENCE = "empty-sentence";

    private final String file;
    private final boolean keepEmpty;
    private final Findings findings;
    private final Set<Long> refIds = new HashSet<>();

    private RefsFile(String file, boolean keepEmpty, Findings findings) {
        this.file = file;
        this.keepEmpty = keepEmpty;
        this.findings = findings;
    }

    /**
     * @param pickled the top value of the file
     * @param split label, or {@link #ALL}
     * @param keepEmpty whether sentences without words stay; else they are left out. Both are counted
     * @throws UnusableInputException when it is no refs file, holds no refs, or no ref has the label
     */
    static List<Ref> select(Object pickled, String file, String split, boolean keepEmpty, Findings findings) {
        return new RefsFile(file, keepEmpty, findings).select(entries(pickled, file), split);
    }

    private static List<?> entries(Object pickled, String file) {
        Object top = pickled instanceof Map<?, ?> map ? map.get("refs") : pickled;
        if (!(top instanceof List<?> list)) {
            throw new UnusableInputException("The refs file " + file + " does not hold a list of refs");
        }
        if (list.isEmpty()) {
            throw new UnusableInputException("The refs file " + file + " holds no refs: its list is empty");
        }
        return list;
    }

    private List<Ref> select(List<?> entries, String split) {
        Set<String> labels = new TreeSet<>();
        List<Ref> selected = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            try {
                Map<?, ?> entry = dict(entries.get(i), "entry " + i + " of " + file);
                String label = text(entry, "split", "entry " + i + " of " + file);
                labels.add(label);
                if (label.equals(split) || split.equals(ALL)) {
                    selected.add(ref(entry, label, i));
                }
            } catch (UnusableEntryException e) {
                findings.skip(e);
            }
        }
        if (!labels.contains(split) && !split.equals(ALL)) {
            throw new UnusableInputException("The refs file " + file + " has no split '" + split + "'; it has "
                    + (labels.isEmpty()
                            ? "none at all"
                            : String.join(", ", labels) + " (or " + ALL + " for every one)"));
        }
        return selected;
    }

    private Ref ref(Map<?, ?> entry, String split, int index) throws UnusableEntryException {
        long refId = integer(entry, "ref_id", "entry " + index + " of " + file);
        String what = "ref " + refId;
        long annId = integer(entry, "ann_id", what);
        long imageId = integer(entry, "image_id", what);
        List<Ref.Sentence> sentences = sentences(entry, what);
        if (sentences.isEmpty()) {
            throw new UnusableEntryException("no-sentences", what + " has no sentences that can be used");
        }
        if (!refIds.add(refId)) {
            throw new UnusableEntryException("duplicate-ref-id", what + " is there twice; the first entry counts");
        }
        return new Ref(refId, annId, imageId, split, sentences);
    }

    private List<Ref.Sentence> sentences(Map<?, ?> entry, String what) throws UnusableEntryException {
        Object value = entry.get("sentences");
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw new UnusableEntryException("bad-value", what + ": sentences is not a list");
        }
        Set<Long> ids = new HashSet<>();
        List<Ref.Sentence> sentences = new ArrayList<>(list.size());
        for (Object element : list) {
            try {
                Map<?, ?> sentence = dict(element, what + ": a sentence");
                long id = integer(sentence, "sent_id", what);
                if (!ids.add(id)) {
                    throw new UnusableEntryException(
                            "duplicate-sent-id", what + ": sentence " + id + " is there twice; the first entry counts");
                }
                String sent = storable(text(sentence, "sent", what + ", sentence " + id), what);
                requireWords(sent, what + ": sentence " + id + " has no words");
                sentences.add(new Ref.Sentence(id, sent));
            } catch (UnusableEntryException e) {
                findings.skip(e);
            }
        }
        return sentences;
    }

    /** Nothing can be found by nothing: a run fails such a prompt. */
    private void requireWords(String sentence, String without) throws UnusableEntryException {
        if (!ReferringTask.isEmpty(sentence)) {
            return;
        }
        if (!keepEmpty) {
            throw new UnusableEntryException(EMPTY_SENTENCE, without);
        }
        findings.note(EMPTY_SENTENCE, without);
    }

    /** Halves of surrogate pairs have no UTF-8 form; Parquet would turn them into question marks without a word. */
    private String storable(String text, String what) {
        if (text.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            return text;
        }
        findings.note("text-not-unicode", what + ": a lone surrogate in its text became U+FFFD");
        StringBuilder stored = new StringBuilder();
        text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
                .forEach(stored::appendCodePoint);
        return stored.toString();
    }

    private static Map<?, ?> dict(Object value, String what) throws UnusableEntryException {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new UnusableEntryException("bad-value", what + " is not a dict");
    }

    private static String text(Map<?, ?> entry, String key, String what) throws UnusableEntryException {
        if (entry.get(key) instanceof String text) {
            return text;
        }
        throw wrong(entry, key, what, "text");
    }

    private static long integer(Map<?, ?> entry, String key, String what) throws UnusableEntryException {
        Object value = entry.get(key);
        if (value instanceof Long || value instanceof Integer) {
            return ((Number) value).longValue();
        }
        if (value instanceof BigInteger big && big.bitLength() < Long.SIZE) {
            return big.longValue();
        }
        throw wrong(entry, key, what, "a 64-bit integer");
    }

    private static UnusableEntryException wrong(Map<?, ?> entry, String key, String what, String expected) {
        return new UnusableEntryException(
                "bad-value", what + ": " + key + (entry.get(key) == null ? " is missing" : " is not " + expected));
    }
}
