package io.maskroute.datasets.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.TestJson;
import io.maskroute.datasets.metrics.AveragePrecision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code data/coco_ap}: what pycocotools says of masks. */
class CocoScoringTest {
    private static final Offset<Double> EXACT = within(1e-12);
    /** The curves are written with ten digits. */
    private static final Offset<Double> ROUNDED = within(1e-10);

    private static final JsonNode EXPECTED = TestJson.read("data/coco_ap/public/expected.json");
    private static final List<String> STATS =
            List.of("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl");
    private static final String TRUTH =
            """
            {"images": [{"id": 1, "height": 4, "width": 4}, {"id": 2, "height": 4, "width": 4}],
             "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
             "annotations": [{"id": 7, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 4,
                              "segmentation": {"size": [4, 4], "counts": [0, 4, 12]}}]}
            """;
    private static final String RESULTS =
            """
            [{"image_id": 1, "category_id": 1, "score": 0.5, "segmentation": {"size": [4, 4], "counts": [0, 4, 12]}}]
            """;

    @TempDir
    private Path temp;

    static Stream<String> traps() {
        List<String> names = new ArrayList<>();
        EXPECTED.get("traps").fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    @Test
    void theSetScoresAsInPycocotools() {
        check(
                EXPECTED.at("/main/segm"),
                TestData.path("coco_ap/public/gt.json"),
                TestData.path("coco_ap/public/dt_segm.json"));
    }

    @ParameterizedTest
    @MethodSource("traps")
    void trapsScoreAsInPycocotools(String name) throws IOException {
        JsonNode trap = EXPECTED.get("traps").get(name);
        check(
                trap.at("/expected/segm"),
                write("truth.json", trap.get("gt").toString()),
                write("results.json", trap.get("dt").toString()));
    }

    private static void check(JsonNode expected, Path truth, Path results) {
        CocoReport report = CocoScoring.score(truth, results, false);
        for (int i = 0; i < STATS.size(); i++) {
            double wanted = expected.get("stats").get(STATS.get(i)).doubleValue();
            assertThat(report.stats().get(i)).as(STATS.get(i)).isCloseTo(wanted, EXACT);
            assertThat(report.scores().get(i).name()).isEqualTo(STATS.get(i));
            assertThat(report.scores().get(i).value())
                    .isEqualTo(wanted < 0 ? null : report.stats().get(i));
        }
        AveragePrecision.Result curves = CocoScoring.curves(truth, results);
        expected.get("per_category_AP").fields().forEachRemaining(category -> {
            long id = Long.parseLong(category.getKey());
            assertThat(report.perClass().get(id).ap())
                    .isCloseTo(category.getValue().doubleValue(), EXACT);
            assertThat(curves.recall(id))
                    .containsExactly(
                            TestJson.doubles(
                                    expected.get("recall_maxdet100_all").get(category.getKey())),
                            EXACT);
            assertThat(curves.precision(id, 0))
                    .containsExactly(
                            TestJson.doubles(
                                    expected.get("precision_iou50_all_101").get(category.getKey())),
                            ROUNDED);
        });
    }

    @Test
    void boxesDecideSizesOnlyWhenAskedTo() throws IOException {
        Path truth = write("truth.json", TRUTH.replace("\"area\": 4,", "\"area\": 2000,"));
        Path results = write("results.json", RESULTS.replace("\"score\"", "\"bbox\": [0, 0, 40, 50], \"score\""));
        // A truth of medium size: what is found with a mask of 4 pixels matches it, what is missed is no false alarm.
        assertThat(CocoScoring.score(truth, results, false).notes())
                .hasSize(1)
                .first()
                .asString()
                .contains("--box-areas");
        assertThat(CocoScoring.score(truth, results, true).notes()).isEmpty();

        Path wrong = write("wrong.json", Files.readString(results).replace("[0, 4, 12]", "[12, 4]"));
        assertThat(CocoScoring.score(truth, wrong, false).stats().get(4)).isEqualTo(0);
        assertThat(CocoScoring.score(truth, wrong, true).stats().get(4)).isEqualTo(0);
        assertThatThrownBy(() -> CocoScoring.score(truth, write("results.json", RESULTS), true))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("result 0: has no bbox");
    }

    @Test
    void noResultsFindNothing() throws IOException {
        CocoReport report = CocoScoring.score(write("truth.json", TRUTH), write("results.json", "[]"), false);
        assertThat(report.stats()).startsWith(0.0, 0.0, 0.0, 0.0, -1.0, -1.0);
        assertThat(report.perClass().get(2L).ap()).isEqualTo(-1);
    }

    @Test
    void zeroAndMinusZeroAreTheSameScore() throws IOException {
        String second = RESULTS.strip().replace("[{", "{").replace("}]", "}").replace("[0, 4, 12]", "[12, 4]");
        String first = RESULTS.strip().replace("}]", "}, ").replace("0.5", "-0.0");
        Path truth = write("truth.json", TRUTH);
        assertThat(CocoScoring.score(truth, write("a.json", first + second.replace("0.5", "0.0") + "]"), false)
                        .stats()
                        .get(0))
                .isCloseTo(1, EXACT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "id": 2, "height"       | "id": 1, "height"       | images 1: image 1 is there twice
            {"id": 2, "name"        | {"id": 1, "name"        | categories 1: category 1 is there twice
            "image_id": 1, "cat     | "image_id": 9, "cat     | annotations 0: the file has no image 9
            "category_id": 1, "isc  | "category_id": 9, "isc  | annotations 0: the file has no category 9
            "area": 4,              | "a": 4,                 | annotations 0: has no area
            "area": 4,              | "area": NaN,            | annotations 0: area is NaN
            "area": 4,              | "area": "4",            | area is text, not a number
            "id": 7,                | "id": 7.5,              | id is 7.5, not a whole number
            "id": 7,                | "id": 7, "id": 8,       | Duplicate field 'id'
            [0, 4, 12]              | [0, 4, 13]              | annotations 0 (image 1): runs add up to 17 pixels
            "size": [4, 4]          | "size": [4, 8]          | its run lengths are for 4x8
            "height": 4, "width": 4}, {"id": 2 | "width": 4}, {"id": 2 | image 1 has no height and width
            "annotations"           | "annotation"            | has no 'annotations'
            "images": [             | "images": [3,           | images 0: is a number, not an object
            ]}                      | ]                       | is not usable JSON at line
            """)
    void truthsThatDoNotFitAreRefused(String part, String instead, String message) throws IOException {
        assertThat(TRUTH).contains(part);
        Path truth = write("truth.json", TRUTH.replace(part, instead));
        Path results = write("results.json", RESULTS);
        assertThatThrownBy(() -> CocoScoring.score(truth, results, false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("truth.json")
                .hasMessageContaining(message);
    }

    @Test
    void anAnnotationThatIsThereTwiceIsRefused() throws IOException {
        String annotation = TRUTH.substring(TRUTH.indexOf("{\"id\": 7"), TRUTH.lastIndexOf("]}"));
        Path truth = write("truth.json", TRUTH.replace(annotation, annotation + ", " + annotation));
        assertThatThrownBy(() -> CocoScoring.score(truth, write("results.json", RESULTS), false))
                .hasMessageContaining("annotations 1: annotation 7 is there twice");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "score": 0.5            | "score": NaN            | result 0: score is NaN
            "score": 0.5            | "score": -Infinity      | result 0: score is -Infinity
            "score": 0.5            | "score": null           | score is null, not a number
            "score": 0.5            | "score": "high"         | score is text, not a number
            "score": 0.5            | "scores": 0.5           | result 0: has no score
            "image_id": 1           | "image_id": 9           | result 0: there is no image 9
            "image_id": 1           | "image_id": "1"         | image_id is text
            "category_id": 1        | "category_id": 9        | result 0: there is no category 9
            "segmentation"          | "segmentatio"           | has no segmentation: score coco scores masks
            [0, 4, 12]              | [0, 5, 12]              | result 0 (image 1): runs add up to 17 pixels
            [0, 4, 12]              | "!"                     | result 0 (image 1)
            "size": [4, 4]          | "size": [2, 8]          | its run lengths are for 2x8
            [{                      | {                       | is no results file in COCO's layout
            }] | }] [] | goes on after its end
            """)
    void resultsThatDoNotFitAreRefused(String part, String instead, String message) throws IOException {
        assertThat(RESULTS).contains(part);
        Path truth = write("truth.json", TRUTH);
        Path results = write("results.json", RESULTS.replace(part, instead));
        assertThatThrownBy(() -> CocoScoring.score(truth, results, false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("results.json")
                .hasMessageContaining(message);
    }

    @Test
    void absentFilesAreNamed() {
        assertThatThrownBy(() -> CocoScoring.score(temp.resolve("none.json"), temp.resolve("none.json"), false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("none.json cannot be read: there is no such file");
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(temp.resolve(name), text);
    }
}
