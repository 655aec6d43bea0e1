package io.maskroute.job.results;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.maskroute.datasets.schema.DatasetManifest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * {@code suite.json}: one model over several datasets, in the order in which papers have them.
 *
 * @param runs RefCOCO, RefCOCO+, RefCOCOg, then all others as given; of a dataset val, testA, testB, test
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record SuiteResult(List<Member> runs) {
    public static final String FILE = "suite.json";

    private static final List<String> DATASETS = List.of("refcoco", "refcoco+", "refcocog");
    private static final List<String> SPLITS = List.of("val", "testa", "testb", "test");

    /**
     * One run.
     *
     * @param name of its folder
     * @param dataset name of the dataset
     * @param output its run folder
     * @param metrics as in its {@code summary.json}; null without ground truth
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.ALWAYS)
    public record Member(
            String name,
            String dataset,
            String split,
            String protocol,
            String groundTruthRaster,
            String output,
            long prompts,
            long failed,
            RunSummary.Metrics metrics) {
        public static Member of(String name, String output, RunRecord record, RunSummary summary) {
            return new Member(
                    name,
                    record.dataset().name(),
                    record.dataset().split(),
                    record.dataset().protocol(),
                    record.dataset().groundTruthRaster(),
                    output,
                    summary.prompts(),
                    summary.failed(),
                    summary.metrics());
        }

        /** What stands before the maker of the split: refcoco+ of refcoco+-unc. */
        private int datasetRank() {
            return rank(DATASETS, dataset.replaceFirst("-.*", ""));
        }

        private int splitRank() {
            return rank(SPLITS, split == null ? "" : split);
        }

        private static int rank(List<String> order, String name) {
            int rank = order.indexOf(name.toLowerCase(Locale.ROOT));
            return rank < 0 ? order.size() : rank;
        }
    }

    /** What a run over the dataset is called. */
    public static String name(DatasetManifest dataset) {
        String name = dataset.split() == null ? dataset.name() : dataset.name() + "-" + dataset.split();
        return name.replace('/', '-');
    }

    /** @param runs as they were given */
    public static SuiteResult of(List<Member> runs) {
        List<String> given = runs.stream().map(Member::dataset).distinct().toList();
        return new SuiteResult(runs.stream()
                .sorted(Comparator.comparingInt(Member::datasetRank)
                        .thenComparing(member -> given.indexOf(member.dataset()))
                        .thenComparingInt(Member::splitRank))
                .toList());
    }

    /** For people. */
    public List<String> lines() {
        int longest = Stream.concat(Stream.of("suite"), runs.stream().map(Member::name))
                .mapToInt(String::length)
                .max()
                .orElseThrow();
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT, "%-" + longest + "s  %8s  %8s  %9s  %8s", "suite", "cIoU", "gIoU", "prompts", "failed"));
        for (Member run : runs) {
            lines.add(String.format(
                    Locale.ROOT,
                    "%-" + longest + "s  %8s  %8s  %,9d  %,8d",
                    run.name(),
                    percent(run.metrics() == null ? null : run.metrics().cIoU()),
                    percent(run.metrics() == null ? null : run.metrics().gIoU()),
                    run.prompts(),
                    run.failed()));
        }
        return lines;
    }

    private static String percent(Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, "%.2f", 100 * value);
    }
}
