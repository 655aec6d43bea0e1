package io.maskroute.datasets.score;

import static io.maskroute.datasets.TestJson.stream;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntPredicate;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code data/ref_metrics} as files of lines. */
class ReferringScoringTest {
    private static final Offset<Double> EXACT = within(1e-9);
    private static final JsonNode GOLDEN = TestJson.read("data/ref_metrics/public.json");
    private static final JsonNode EXPECTED = GOLDEN.get("expected");
    private static final List<JsonNode> SAMPLES = stream(GOLDEN.get("samples")).toList();
    private static final List<JsonNode> SINGLE =
            SAMPLES.subList(0, GOLDEN.get("n_single").intValue());
    private static final String TRUTH =
            """
            {"id": 1, "image_id": 5, "mask": {"size": [4, 4], "counts": [0, 4, 12]}, "ignore": null, "no_target": false, "group": null}
            {"id": "b", "image_id": 5, "mask": {"size": [4, 4], "counts": [16]}, "ignore": null, "no_target": true, "group": null}
            """;
    private static final String PREDICTIONS =
            """
            {"id": 1, "mask": {"size": [4, 4], "counts": [0, 4, 12]}, "no_target": null}
            {"id": "b", "mask": null, "no_target": true}
            """;

    @TempDir
    private Path temp;

    @Test
    void perSentence() throws IOException {
        ReferringReport report = score(SINGLE, "gt", i -> true, false);
        check(EXPECTED.get("per_sentence_lisa"), report.lisa());
        JsonNode lavt = EXPECTED.get("per_sentence_lavt");
        assertThat(report.lavt().cIoU()).isCloseTo(lavt.get("oIoU").doubleValue(), EXACT);
        assertThat(report.lavt().gIoU()).isCloseTo(lavt.get("mIoU").doubleValue(), EXACT);
        report.lavt().precision().forEach((x, share) -> assertThat(share)
                .isCloseTo(lavt.get("Pr@" + x).doubleValue(), EXACT));
    }

    @Test
    void perRef() throws IOException {
        check(
                EXPECTED.get("per_ref_psalm"),
                score(SINGLE, "gt", i -> true, true).psalm());
    }

    @Test
    void generalised() throws IOException {
        ReferringReport report = score(SAMPLES, "gt", i -> true, false);
        check(EXPECTED.get("grefcoco_lisa_rule"), report.lisa());
        check(EXPECTED.get("grefcoco_rela"), report.rela());
        check(EXPECTED.get("grefcoco_gsva"), report.gsva());
        report.rela().precision().forEach((x, share) -> assertThat(share)
                .isCloseTo(
                        EXPECTED.get("grefcoco_rela")
                                .get("Pr@" + x + "_targets_only")
                                .doubleValue(),
                        EXACT));
        assertThat(report.lisa().noTargetAccuracy()).isNull();
        assertThat(report.scores())
                .filteredOn(score -> score.name().equals("N_acc"))
                .hasSize(2);
    }

    @Test
    void ignoreRegions() throws IOException {
        List<JsonNode> samples = stream(GOLDEN.get("reasonseg")).toList();
        check(
                EXPECTED.get("reasonseg_with_ignore"),
                score(samples, "target", i -> true, false).lisa());
    }

    @Test
    void missingLines() throws IOException {
        ReferringReport report = score(SINGLE, "gt", i -> i % 5 != 0, false);
        check(EXPECTED.get("sa2va_skip_missing"), report.sa2va());
        assertThat(report.missing()).isEqualTo(20);
        assertThat(report.notes()).hasSize(1);
        assertThat(report.lisa().cIoU()).isLessThan(report.sa2va().cIoU());
    }

    private ReferringReport score(List<JsonNode> samples, String target, IntPredicate predicted, boolean byGroup)
            throws IOException {
        StringBuilder truths = new StringBuilder();
        StringBuilder predictions = new StringBuilder();
        for (int i = 0; i < samples.size(); i++) {
            JsonNode sample = samples.get(i);
            ObjectNode truth = JsonNodeFactory.instance.objectNode().put("id", i);
            truth.set("mask", rle(sample, target));
            truth.set("ignore", sample.has("ignore") ? rle(sample, "ignore") : null);
            truth.put("no_target", sample.path("no_target").booleanValue());
            truth.set("group", sample.get("ref_id"));
            truths.append(truth).append('\n');
            if (predicted.test(i)) {
                ObjectNode prediction = JsonNodeFactory.instance.objectNode().put("id", i);
                prediction.set("mask", rle(sample, "pred"));
                prediction.set("no_target", sample.get("pred_no_target"));
                predictions.append(prediction).append('\n');
            }
        }
        return score(truths.toString(), predictions.toString(), byGroup);
    }

    private ReferringReport score(String truths, String predictions, boolean byGroup) throws IOException {
        return ReferringScoring.score(
                Files.writeString(temp.resolve("truth.jsonl"), truths),
                Files.writeString(temp.resolve("predictions.jsonl"), predictions),
                byGroup);
    }

    private static ObjectNode rle(JsonNode sample, String name) {
        ObjectNode rle = JsonNodeFactory.instance.objectNode();
        rle.putArray("size").add(sample.get("h").intValue()).add(sample.get("w").intValue());
        return rle.set("counts", sample.get(name));
    }

    private static void check(JsonNode expected, ReferringReport.Figures figures) {
        assertThat(figures.cIoU()).isCloseTo(expected.get("cIoU").doubleValue(), EXACT);
        assertThat(figures.gIoU())
                .isCloseTo(
                        expected.path("gIoU_exact")
                                .asDouble(expected.path("gIoU").doubleValue()),
                        EXACT);
        if (expected.has("N_acc")) {
            assertThat(figures.noTargetAccuracy())
                    .isCloseTo(expected.get("N_acc").doubleValue(), EXACT);
            assertThat(figures.targetAccuracy()).isCloseTo(expected.get("T_acc").doubleValue(), EXACT);
        }
        if (expected.has("union")) {
            assertThat(figures.intersection())
                    .isEqualTo(expected.get("intersection").longValue());
            assertThat(figures.union()).isEqualTo(expected.get("union").longValue());
            assertThat(figures.n()).isEqualTo(expected.get("n").longValue());
        }
    }

    @Test
    void noMaskIsAnEmptyOneAndNoLineIsAMiss() throws IOException {
        ReferringReport none = score(TRUTH, PREDICTIONS, false);
        assertThat(none.lisa().gIoU()).isEqualTo(1);
        assertThat(none.lavt().gIoU()).isEqualTo(0.5);
        assertThat(none.sa2va().gIoU()).isEqualTo(0.5);
        assertThat(none.rela().gIoU()).isEqualTo(1);
        assertThat(none.rela().noTargetAccuracy()).isEqualTo(1);

        ReferringReport missing = score(TRUTH, PREDICTIONS.lines().findFirst().orElseThrow(), false);
        assertThat(missing.lisa().gIoU()).isEqualTo(0.5);
        assertThat(missing.rela().noTargetAccuracy()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "id": "b"               | "id": "1"               | truth.jsonl, line 2: id 1 is there twice
            "id": "b"               | "id": null              | line 2: id is null
            "id": "b"               | "no": 1                 | line 2: has no id
            [16]                    | [15, 1]                 | line 2: no_target is true, and the mask has 1 pixels
            "no_target": false      | "no_target": true       | line 1: no_target is true, and the mask has 4 pixels
            "no_target": false      | "no_target": "no"       | line 1: no_target is text
            {"size": [4, 4], "counts": [0, 4, 12]} | null     | line 1: has no mask
            {"size": [4, 4], "counts": [0, 4, 12]} | [[0, 0, 4, 0, 4, 4]] | line 1, mask is a list of polygons
            [0, 4, 12]              | [0, 4, 13]              | line 1, mask: runs add up to 17 pixels
            "size": [4, 4], "counts": [0, 4, 12] | "size": [8, 2], "counts": [0, 4, 12] | predictions.jsonl, line 1 (id 1) is 4 wide and 4 high, the truth 2 and 8
            "ignore": null, "no_target": false | "ignore": {"size": [2, 8], "counts": [16]}, "no_target": false | the ignore region is 8 wide and 2 high
            {"id": 1, "image_id" | [1] {"id": 1, "image_id" | line 1: is a list
            """)
    void truthsThatDoNotFitAreRefused(String part, String instead, String message) {
        assertThat(TRUTH).contains(part);
        assertThatThrownBy(() -> score(TRUTH.replace(part, instead), PREDICTIONS, false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "id": "b"               | "id": 1                 | predictions.jsonl, line 2: id 1 is there twice
            "id": "b"               | "id": 3                 | predictions.jsonl, line 2: there is no id 3 in
            [0, 4, 12]              | "x"                     | predictions.jsonl, line 1
            null}                   | 0.5}                    | no_target is 0.5
            "no_target": true}      | "no_target": true       | is not usable JSON at line
            """)
    void predictionsThatDoNotFitAreRefused(String part, String instead, String message) {
        assertThat(PREDICTIONS).contains(part);
        assertThatThrownBy(() -> score(TRUTH, PREDICTIONS.replace(part, instead), false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            7      | 7      | 1
            7      | "7"    | 2
            [1, 2] | [1,2]  | 1
            [1, 2] | [12]   | 2
            null   | null   | 2
            {"a":1}| {"a": 1} | 1
            """)
    void groupsAreAnyJson(String first, String second, int scored) throws IOException {
        String[] lines = TRUTH.split("\n");
        String truth = lines[0].replace("\"group\": null", "\"group\": " + first) + "\n"
                + lines[1].replace("\"group\": null", "\"group\": " + second) + "\n";
        assertThat(score(truth, PREDICTIONS, true).psalm().n()).isEqualTo(scored);
        assertThat(score(truth, PREDICTIONS, false).psalm().n()).isEqualTo(2);
    }
}
