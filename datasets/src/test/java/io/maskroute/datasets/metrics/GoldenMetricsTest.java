package io.maskroute.datasets.metrics;

import static io.maskroute.datasets.TestJson.stream;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.datasets.TestJson;
import io.maskroute.datasets.mask.Rle;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every value of {@code data/ref_metrics/public.json}: the formulas of six evaluation codes. */
class GoldenMetricsTest {
    private static final JsonNode GOLDEN = TestJson.read("data/ref_metrics/public.json");
    private static final JsonNode EXPECTED = GOLDEN.get("expected");
    private static final List<Sample> SAMPLES =
            stream(GOLDEN.get("samples")).map(Sample::of).toList();

    /** Doubles summed in another order. */
    private static final Offset<Double> EXACT = within(1e-9);

    /**
     * The references divide by the union plus 1e-5 (LISA, PSALM) or 1e-8 (GSVA). That changes one sample by less than
     * 1e-5 / union; the mean over these samples, one of which has a single pixel, by less than 1e-6.
     */
    private static final Offset<Double> EPSILON_IN_DIVISOR = within(1e-6);

    private record Sample(int id, long intersection, long union, long truthArea, boolean noTarget, boolean rejected) {
        static Sample of(JsonNode s) {
            Rle truth = rle(s, s.get("gt"));
            Sample counted = of(rle(s, s.get("pred")), truth);
            return new Sample(
                    s.get("sent_id").intValue(),
                    counted.intersection,
                    counted.union,
                    truth.area(),
                    s.get("no_target").booleanValue(),
                    s.get("pred_no_target").booleanValue());
        }

        static Sample of(Rle prediction, Rle truth) {
            long intersection = Rle.intersectionArea(prediction, truth);
            long union = prediction.area() + truth.area() - intersection;
            return new Sample(0, intersection, union, truth.area(), false, false);
        }
    }

    @Test
    void everyExpectedSetIsChecked() {
        Set<String> names = new TreeSet<>();
        EXPECTED.fieldNames().forEachRemaining(names::add);
        assertThat(names)
                .containsExactlyInAnyOrder(
                        "per_sentence_lisa",
                        "per_sentence_lavt",
                        "per_ref_psalm",
                        "grefcoco_rela",
                        "grefcoco_gsva",
                        "grefcoco_lisa_rule",
                        "reasonseg_with_ignore",
                        "overlapping_parts",
                        "sa2va_skip_missing");
        assertThat(SAMPLES).hasSize(119);
    }

    @Test
    void lisaPerSentence() {
        check(EXPECTED.get("per_sentence_lisa"), singleTarget());
    }

    @Test
    void psalmPerRef() {
        JsonNode expected = EXPECTED.get("per_ref_psalm");
        Set<Integer> used =
                stream(expected.get("sent_ids_used")).map(JsonNode::intValue).collect(Collectors.toSet());
        check(expected, singleTarget().stream().filter(s -> used.contains(s.id)).toList());
    }

    @Test
    void psalmAndLisaOnTheGeneralisedSet() {
        check(EXPECTED.get("grefcoco_lisa_rule"), SAMPLES);
    }

    @Test
    void lavtPerSentence() {
        JsonNode expected = EXPECTED.get("per_sentence_lavt");
        ReferringScores scores = scores(new ReferringRules(EmptyUnion.ZERO, MissingPrediction.COUNTED), singleTarget());

        assertThat(scores.samples()).isEqualTo(expected.get("n").longValue());
        assertThat(scores.cIoU()).isCloseTo(expected.get("oIoU").doubleValue(), EXACT);
        assertThat(scores.gIoU()).isCloseTo(expected.get("mIoU").doubleValue(), EXACT);
        checkPrecision(expected, "Pr@%s", scores.precision());
    }

    @Test
    void relaOnTheGeneralisedSet() {
        JsonNode expected = EXPECTED.get("grefcoco_rela");
        GeneralisedScores scores = generalised(GeneralisedRules.RELA);

        checkGeneralised(expected, scores, EXACT);
        assertThat(scores.overall().samples()).isEqualTo(expected.get("n").longValue());
        JsonNode counts = expected.get("counts");
        assertThat(scores.truePositives()).isEqualTo(counts.get("TP").longValue());
        assertThat(scores.trueNegatives()).isEqualTo(counts.get("TN").longValue());
        assertThat(scores.falsePositives()).isEqualTo(counts.get("FP").longValue());
        assertThat(scores.falseNegatives()).isEqualTo(counts.get("FN").longValue());
        checkPrecision(expected, "Pr@%s_targets_only", scores.targetPrecision());
    }

    @Test
    void gsvaOnTheGeneralisedSet() {
        checkGeneralised(EXPECTED.get("grefcoco_gsva"), generalised(GeneralisedRules.GSVA), EPSILON_IN_DIVISOR);
    }

    @Test
    void ignoredPixelsCountNowhere() {
        check(
                EXPECTED.get("reasonseg_with_ignore"),
                stream(GOLDEN.get("reasonseg"))
                        .map(s -> {
                            Rle ignore = rle(s, s.get("ignore"));
                            return Sample.of(
                                    rle(s, s.get("pred")).minus(ignore),
                                    rle(s, s.get("target")).minus(ignore));
                        })
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"union", "sum_as_is", "only_ones"})
    void overlappingPartsOfATruth(String rule) {
        JsonNode expected = EXPECTED.get("overlapping_parts");
        List<Rle> parts =
                stream(expected.get("parts")).map(p -> rle(expected, p)).toList();
        // A sum of 2 is no target pixel, whether it is kept or dropped.
        Rle truth = rule.equals("union") ? Rle.union(parts) : Rle.coveredOnce(parts);

        check(expected.get(rule), List.of(Sample.of(rle(expected, expected.get("pred")), truth)));
    }

    @Test
    void sa2vaWithMissingPredictions() {
        JsonNode expected = EXPECTED.get("sa2va_skip_missing");
        ReferringMetrics metrics =
                new ReferringMetrics(new ReferringRules(EmptyUnion.ONE, MissingPrediction.LEFT_OUT_OF_CIOU));
        List<Sample> samples = singleTarget();
        for (int i = 0; i < samples.size(); i++) {
            if (i % 5 == 0) {
                metrics.addMissing(samples.get(i).truthArea);
            } else {
                metrics.add(samples.get(i).intersection, samples.get(i).union);
            }
        }

        assertThat(metrics.scores().samples()).isEqualTo(expected.get("n").longValue());
        assertThat(metrics.scores().cIoU()).isCloseTo(expected.get("cIoU").doubleValue(), EXACT);
        assertThat(metrics.scores().gIoU()).isCloseTo(expected.get("gIoU_exact").doubleValue(), EXACT);
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0", "0.7, 2", "0.9, 4"})
    void anIouOfExactlyTheThresholdPasses(double iou, int threshold) {
        Sample exact = stream(GOLDEN.get("samples"))
                .filter(s -> s.get("note").textValue().equals("IoU exactly " + iou))
                .map(Sample::of)
                .findFirst()
                .orElseThrow();

        assertThat(scores(ReferringRules.DEFAULT, List.of(exact)).precision().get(threshold))
                .isEqualTo(1);
    }

    private static void check(JsonNode expected, List<Sample> samples) {
        ReferringScores scores = scores(ReferringRules.DEFAULT, samples);
        assertThat(scores.samples()).isEqualTo(expected.get("n").longValue());
        assertThat(scores.intersection()).isEqualTo(expected.get("intersection").longValue());
        assertThat(scores.union()).isEqualTo(expected.get("union").longValue());
        assertThat(scores.cIoU()).isCloseTo(expected.get("cIoU").doubleValue(), EXACT);
        assertThat(scores.gIoU()).isCloseTo(expected.get("gIoU_exact").doubleValue(), EXACT);
        assertThat(scores.gIoU()).isCloseTo(expected.get("gIoU_with_eps").doubleValue(), EPSILON_IN_DIVISOR);
        assertThat(samples.stream().map(s -> EmptyUnion.ONE.iou(s.intersection, s.union)))
                .containsExactlyElementsOf(stream(expected.get("per_sample_iou"))
                        .map(JsonNode::doubleValue)
                        .toList());
    }

    private static void checkGeneralised(JsonNode expected, GeneralisedScores scores, Offset<Double> gIouTolerance) {
        assertThat(scores.overall().gIoU()).isCloseTo(expected.get("gIoU").doubleValue(), gIouTolerance);
        assertThat(scores.overall().cIoU()).isCloseTo(expected.get("cIoU").doubleValue(), EXACT);
        assertThat(scores.noTargetAccuracy()).isCloseTo(expected.get("N_acc").doubleValue(), EXACT);
        assertThat(scores.targetAccuracy()).isCloseTo(expected.get("T_acc").doubleValue(), EXACT);
    }

    private static void checkPrecision(JsonNode expected, String name, List<Double> precision) {
        for (int t = 0; t < precision.size(); t++) {
            String key = name.formatted(ReferringScores.THRESHOLDS.get(t));
            assertThat(precision.get(t)).as(key).isCloseTo(expected.get(key).doubleValue(), EXACT);
        }
    }

    private static List<Sample> singleTarget() {
        return SAMPLES.subList(0, GOLDEN.get("n_single").intValue());
    }

    private static ReferringScores scores(ReferringRules rules, List<Sample> samples) {
        ReferringMetrics metrics = new ReferringMetrics(rules);
        samples.forEach(s -> metrics.add(s.intersection, s.union));
        return metrics.scores();
    }

    private static GeneralisedScores generalised(GeneralisedRules rules) {
        GeneralisedReferringMetrics metrics = new GeneralisedReferringMetrics(rules);
        SAMPLES.forEach(s -> metrics.add(s.intersection, s.union, s.truthArea, s.noTarget, s.rejected));
        return metrics.scores();
    }

    private static Rle rle(JsonNode sized, JsonNode text) {
        return Rle.parse(sized.get("h").intValue(), sized.get("w").intValue(), text.textValue());
    }
}
