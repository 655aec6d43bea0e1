package io.maskroute.datasets.writer;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What an import left out and what it found odd, counted by reason with a few examples each, so that nothing is lost
 * silently and a million bad entries take no memory.
 */
public final class Findings implements Serializable {
    private static final int EXAMPLES = 3;

    private final Map<String, Finding> skipped = new TreeMap<>();
    private final Map<String, Finding> notes = new TreeMap<>();

    /** Counts an entry that was left out. */
    public void skip(UnusableEntryException entry) {
        skip(entry.reason(), entry.getMessage());
    }

    /** Counts an entry that was left out. */
    public void skip(String reason, String example) {
        skipped.computeIfAbsent(reason, key -> new Finding()).add(example);
    }

    /** Counts an entry that was kept though something is odd about it. */
    public void note(String reason, String example) {
        notes.computeIfAbsent(reason, key -> new Finding()).add(example);
    }

    /** Adds what was found elsewhere, behind what was found here. */
    public void add(Findings others) {
        add(skipped, others.skipped);
        add(notes, others.notes);
    }

    private static void add(Map<String, Finding> to, Map<String, Finding> from) {
        from.forEach((reason, finding) ->
                to.computeIfAbsent(reason, key -> new Finding()).add(finding));
    }

    /** How many entries were left out, by reason. */
    public Map<String, Long> skipped() {
        return counts(skipped);
    }

    /** How many entries were kept though something is odd about them, by what it is. */
    public Map<String, Long> notes() {
        return counts(notes);
    }

    /** For people: a line for each reason, followed by its examples. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        skipped.forEach((reason, finding) -> finding.describe("skipped", reason, lines));
        notes.forEach((reason, finding) -> finding.describe("note", reason, lines));
        return lines;
    }

    private static Map<String, Long> counts(Map<String, Finding> findings) {
        return findings.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().count, Long::sum, TreeMap::new));
    }

    private static final class Finding implements Serializable {
        private long count;
        private final List<String> examples = new ArrayList<>(EXAMPLES);

        void add(String example) {
            count++;
            if (examples.size() < EXAMPLES) {
                examples.add(example);
            }
        }

        void add(Finding others) {
            count += others.count;
            others.examples.stream().limit(EXAMPLES - examples.size()).forEach(examples::add);
        }

        void describe(String kind, String reason, List<String> lines) {
            lines.add(kind + ": " + reason + ": " + count);
            examples.forEach(example -> lines.add("  " + example));
            if (count > examples.size()) {
                lines.add("  … and " + (count - examples.size()) + " more");
            }
        }
    }
}
