package io.maskroute.datasets.refcoco;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.pickle.PickleLimits;
import io.maskroute.core.pickle.PickleReader;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.datasets.coco.FileKind;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.HashedInput;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;

/**
 * The refs of one split, from a pickle or JSON: a list of dicts, or a dict whose {@code refs} is that list. Which of the two it is
 * its first character says, not its name.
 */
final class RefsFile {
    /** In place of a split's label: every split. */
    static final String ALL = "all";

    private static final String EMPTY_SENTENCE = "empty-sentence";
    private static final String REFS = "refs";

    /** gRefCOCO's mark for a ref that means nothing in its picture. */
    private static final long NO_TARGET = -1;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_LONG_FOR_INTS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final String file;
    private final String split;
    private final boolean generalised;
    private final boolean keepEmpty;
    private final Findings findings;
    private final Set<Long> refIds = new HashSet<>();
    private final Set<String> labels = new TreeSet<>();
    private final List<Ref> selected = new ArrayList<>();
    private int entries;
    private int ofTheOtherKind;

    RefsFile(String file, String split, boolean generalised, boolean keepEmpty, Findings findings) {
        this.file = file;
        this.split = split;
        this.generalised = generalised;
        this.keepEmpty = keepEmpty;
        this.findings = findings;
    }

    /** @param source which file it was */
    record Selected(List<Ref> refs, DatasetManifest.SourceFile source) {}

    /**
     * @param split label, or {@link #ALL}
     * @param generalised whether a ref names any number of annotations, none by {@code -1}; else exactly one
     * @param keepEmpty whether sentences without words stay; else they are left out. Both are counted
     * @throws UnusableInputException when it is no refs file, holds no refs, or no ref has the label
     */
    static Selected read(
            String file,
            String split,
            boolean generalised,
            boolean keepEmpty,
            Findings findings,
            Configuration hadoop) {
        RefsFile refs = new RefsFile(file, split, generalised, keepEmpty, findings);
        try (HashedInput in = HashedInput.open(file, "refs file", hadoop)) {
            PushbackInputStream start = new PushbackInputStream(in, 1);
            if (isJson(start)) {
                refs.readJson(start, hadoop);
            } else {
                refs.select(PickleReader.read(file, start, PickleLimits.DEFAULT));
            }
            return new Selected(refs.end(), in.sourceFile());
        } catch (IOException e) {
            throw new UnusableInputException("The refs file " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** A pickle begins with neither a bracket, a brace, a blank nor UTF-8's mark. */
    private static boolean isJson(PushbackInputStream in) throws IOException {
        int first = in.read();
        if (first >= 0) {
            in.unread(first);
        }
        return first == '[' || first == '{' || first == 0xEF || first >= 0 && first <= ' ';
    }

    private void readJson(InputStream in, Configuration hadoop) throws IOException {
        try (JsonParser json = JSON.createParser(in)) {
            JsonToken top = json.nextToken();
            while (top == JsonToken.START_OBJECT) {
                if (json.nextToken() != JsonToken.FIELD_NAME) {
                    break;
                }
                boolean here = json.currentName().equals(REFS);
                JsonToken value = json.nextToken();
                if (here && value == JsonToken.START_ARRAY) {
                    top = value;
                } else {
                    json.skipChildren();
                }
            }
            if (top != JsonToken.START_ARRAY) {
                throw new UnusableInputException(FileKind.explain(
                        "The refs file " + file + " does not hold a list of refs",
                        file,
                        generalised ? "grefcoco" : "refcoco",
                        hadoop));
            }
            while (json.nextToken() != JsonToken.END_ARRAY) {
                add(json.readValueAs(Object.class));
                requireRefs(hadoop);
            }
            while (json.nextToken() != null) {
                // To its end: the whole file must be JSON, and its checksum is of all of it.
            }
        } catch (JsonProcessingException e) {
            throw new UnusableInputException(
                    "The refs file " + file + " is not usable JSON"
                            + (e.getLocation() == null
                                    ? ""
                                    : " at line " + e.getLocation().getLineNr()) + ": "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        }
    }

    /** A list of something else is noticed before it is read as a million refs that are all bad. */
    private void requireRefs(Configuration hadoop) {
        if (entries == 100 && labels.isEmpty()) {
            throw new UnusableInputException(FileKind.explain(
                    "The refs file " + file + " holds no refs", file, generalised ? "grefcoco" : "refcoco", hadoop));
        }
    }

    void select(Object pickled) {
        Object top = pickled instanceof Map<?, ?> map ? map.get(REFS) : pickled;
        if (!(top instanceof List<?> list)) {
            throw new UnusableInputException("The refs file " + file + " does not hold a list of refs");
        }
        list.forEach(this::add);
    }

    private void add(Object element) {
        int index = entries++;
        try {
            Map<?, ?> entry = dict(element, "entry " + index + " of " + file);
            String label = text(entry, "split", "entry " + index + " of " + file);
            labels.add(label);
            ofTheOtherKind += entry.get("ann_id") instanceof List<?> == generalised ? 0 : 1;
            if (label.equals(split) || split.equals(ALL)) {
                selected.add(ref(entry, label, index));
            }
        } catch (UnusableEntryException e) {
            findings.skip(e);
        }
    }

    List<Ref> end() {
        if (entries == 0) {
            throw new UnusableInputException("The refs file " + file + " holds no refs: its list is empty");
        }
        if (ofTheOtherKind == entries) {
            throw new UnusableInputException("The refs file " + file + " names "
                    + (generalised
                            ? "one annotation for each ref, as RefCOCO's do: use `import refcoco`"
                            : "a list of annotations for each ref, as gRefCOCO's do: use `import grefcoco`"));
        }
        if (!labels.contains(split) && !split.equals(ALL)) {
            throw new UnusableInputException("The refs file " + file + " has no split '" + split + "'; it has "
                    + (labels.isEmpty()
                            ? "none at all"
                            : String.join(", ", labels) + " (or " + ALL + " for every one)"));
        }
        return selected;
    }

    private Ref ref(Map<?, ?> entry, String label, int index) throws UnusableEntryException {
        long refId = integer(entry, "ref_id", "entry " + index + " of " + file);
        String what = "ref " + refId;
        List<Long> annIds = annIds(entry, what);
        long imageId = integer(entry, "image_id", what);
        List<Ref.Sentence> sentences = sentences(entry, what);
        if (sentences.isEmpty()) {
            throw new UnusableEntryException("no-sentences", what + " has no sentences that can be used");
        }
        if (!refIds.add(refId)) {
            throw new UnusableEntryException("duplicate-ref-id", what + " is there twice; the first entry counts");
        }
        return new Ref(refId, annIds, imageId, label, sentences);
    }

    private List<Long> annIds(Map<?, ?> entry, String what) throws UnusableEntryException {
        if (!generalised) {
            return List.of(integer(entry, "ann_id", what));
        }
        if (!(entry.get("ann_id") instanceof List<?> list)) {
            throw wrong(entry, "ann_id", what, "a list");
        }
        Set<Long> ids = new LinkedHashSet<>();
        for (Object element : list) {
            ids.add(integer(element, "an element of ann_id", what));
        }
        if (ids.isEmpty()) {
            throw new UnusableEntryException(
                    "no-annotations",
                    what + ": ann_id is an empty list, which says neither"
                            + " what is meant nor, by -1, that nothing is");
        }
        boolean none = ids.contains(NO_TARGET);
        if (none && ids.size() > 1) {
            throw new UnusableEntryException(
                    "contradiction", what + ": ann_id says by -1 that nothing is meant, and names annotations");
        }
        if (entry.get("no_target") instanceof Boolean said && said != none) {
            throw new UnusableEntryException(
                    "contradiction", what + ": no_target is " + said + ", and ann_id says otherwise");
        }
        return none ? List.of() : List.copyOf(ids);
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
        if (entry.get(key) == null) {
            throw wrong(entry, key, what, "there");
        }
        return integer(entry.get(key), key, what);
    }

    private static long integer(Object value, String key, String what) throws UnusableEntryException {
        if (value instanceof Long || value instanceof Integer) {
            return ((Number) value).longValue();
        }
        if (value instanceof BigInteger big && big.bitLength() < Long.SIZE) {
            return big.longValue();
        }
        throw new UnusableEntryException("bad-value", what + ": " + key + " is not a 64-bit integer");
    }

    private static UnusableEntryException wrong(Map<?, ?> entry, String key, String what, String expected) {
        return new UnusableEntryException(
                "bad-value", what + ": " + key + (entry.get(key) == null ? " is missing" : " is not " + expected));
    }
}
