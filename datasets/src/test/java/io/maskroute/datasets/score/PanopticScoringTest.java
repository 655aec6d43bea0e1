package io.maskroute.datasets.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.TestJson;
import io.maskroute.datasets.metrics.PanopticQuality;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code data/pq}: what panopticapi says. */
class PanopticScoringTest {
    private static final Offset<Double> EXACT = within(1e-12);
    private static final JsonNode EXPECTED = TestJson.read("data/pq/public/expected.json");
    private static final Path PUBLIC = TestData.path("pq/public");
    private static final String TRUTH =
            """
            {"categories": [{"id": 1, "isthing": 1}, {"id": 2, "isthing": 0}],
             "annotations": [{"image_id": 3, "file_name": "a.png", "segments_info":
                [{"id": 7, "category_id": 1, "iscrowd": 0, "area": 4}]}]}
            """;
    private static final String PREDICTIONS =
            """
            {"annotations": [{"image_id": 3, "file_name": "a.png", "segments_info": [{"id": 7, "category_id": 1}]}]}
            """;

    @TempDir
    private Path temp;

    static Stream<String> handCases() {
        List<String> names = new ArrayList<>();
        EXPECTED.get("hand").fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    @Test
    void theRandomSetScoresAsInPanopticapi() {
        Path set = PUBLIC.resolve("random_set");
        // The folders lie beside the files, under their names.
        check(
                EXPECTED.get("random_set"),
                PanopticScoring.score(set.resolve("gt.json"), null, set.resolve("pred.json"), null));
    }

    @Test
    void realTruthsScoreAsInPanopticapi() {
        Path set = TestData.path("pq/real_coco_sample");
        JsonNode expected = TestJson.read("data/pq/real_coco_sample/expected.json");
        check(
                expected.get("result"),
                PanopticScoring.score(set.resolve("gt.json"), null, set.resolve("pred.json"), null));
        check(
                expected.get("gt_against_itself"),
                PanopticScoring.score(set.resolve("gt.json"), null, set.resolve("gt.json"), null));
    }

    @Test
    void theJsonsAreaCounts() {
        Path set = PUBLIC.resolve("area_lie");
        check(
                EXPECTED.at("/area_lie/result"),
                PanopticScoring.score(set.resolve("gt.json"), null, set.resolve("pred.json"), null));
    }

    @ParameterizedTest
    @MethodSource("handCases")
    void handCasesScoreAsInPanopticapi(String image) throws IOException {
        Path set = PUBLIC.resolve("hand");
        check(
                EXPECTED.get("hand").get(image).get("result"),
                PanopticScoring.score(
                        only(image, "gt.json"), set.resolve("gt"), only(image, "pred.json"), set.resolve("pred")));
    }

    private Path only(String image, String file) throws IOException {
        ObjectNode json = TestJson.read("data/pq/public/hand/" + file).deepCopy();
        ArrayNode annotations = json.arrayNode();
        json.get("annotations").forEach(annotation -> {
            if (annotation.get("image_id").asText().equals(image)) {
                annotations.add(annotation);
            }
        });
        json.set("annotations", annotations);
        return Files.writeString(temp.resolve(file), json.toString());
    }

    private static void check(JsonNode expected, PanopticReport report) {
        check(expected.get("All"), report.all());
        check(expected.get("Things"), report.things());
        check(expected.get("Stuff"), report.stuff());
        assertThat(report.perClass()).hasSize(expected.get("per_class").size());
        report.perClass().forEach((category, quality) -> {
            JsonNode wanted = expected.get("per_class").get(category.toString());
            assertThat(quality.pq()).isCloseTo(wanted.get("pq").doubleValue(), EXACT);
            assertThat(quality.sq()).isCloseTo(wanted.get("sq").doubleValue(), EXACT);
            assertThat(quality.rq()).isCloseTo(wanted.get("rq").doubleValue(), EXACT);
        });
        if (expected.has("stat")) {
            assertThat(report.stat()).hasSize(expected.get("stat").size());
            report.stat().forEach((category, stat) -> {
                JsonNode wanted = expected.get("stat").get(category.toString());
                assertThat(stat.tp()).isEqualTo(wanted.get("tp").longValue());
                assertThat(stat.fp()).isEqualTo(wanted.get("fp").longValue());
                assertThat(stat.fn()).isEqualTo(wanted.get("fn").longValue());
                assertThat(stat.iouSum()).isCloseTo(wanted.get("iou_sum").doubleValue(), EXACT);
            });
        }
    }

    private static void check(JsonNode expected, PanopticQuality.Mean mean) {
        if (expected.isNull()) {
            assertThat(mean).isNull();
            return;
        }
        assertThat(mean.pq()).isCloseTo(expected.get("pq").doubleValue(), EXACT);
        assertThat(mean.sq()).isCloseTo(expected.get("sq").doubleValue(), EXACT);
        assertThat(mean.rq()).isCloseTo(expected.get("rq").doubleValue(), EXACT);
        assertThat(mean.n()).isEqualTo(expected.get("n").intValue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "id": 2, "isthing"      | "id": 1, "isthing"      | categories 1: category 1 is there twice
            "id": 2, "isthing": 0   | "id": 2                 | categories 1: has no isthing
            "image_id": 3           | "image_id": 4           | there is no image 3
            "area": 4               | "are": 4                | has no area of segment 7
            "iscrowd": 0, "area": 4 | "area": 4               | has no iscrowd of segment 7
            "category_id": 1        | "category_id": 9        | segment 7 has the category 9
            }]}]}                   | }, {"id": 7, "category_id": 1, "iscrowd": 0, "area": 4}]}]} | segment 7 is there twice
            "a.png"                 | "../truth.json"         | leads out of
            "a.png"                 | "x/../gray.png"         | gray.png is no colour picture
            "a.png"                 | "none.png"              | none.png cannot be read: there is no such file
            "a.png"                 | "large.png"             | a.png is 2 wide and 2 high, its truth
            "categories"            | "category"              | has no 'categories'
            """)
    void truthsThatDoNotFitAreRefused(String part, String instead, String message) throws IOException {
        assertThat(TRUTH).contains(part);
        pictures();
        Path truth = Files.writeString(temp.resolve("truth.json"), TRUTH.replace(part, instead));
        Path predictions = Files.writeString(temp.resolve("predictions.json"), PREDICTIONS);
        assertThatThrownBy(() -> PanopticScoring.score(truth, null, predictions, temp.resolve("truth")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            "image_id": 3           | "image_id": 4           | there is no image 4
            "category_id": 1        | "category_id": 9        | segment 7 has the category 9
            "id": 7                 | "id": 8                 | segment 8 has no pixel
            [{"id": 7, "category_id": 1}] | []                | has pixels of segment 7
            }]}]}                   | }, {"id": 7, "category_id": 2}]}]} | segment 7 is there twice
            }]}]}                   | }]}, {"image_id": 3, "file_name": "a.png", "segments_info": []}]} | image 3 is there twice
            "a.png"                 | "damaged.png"           | damaged.png is damaged
            "segments_info"         | "segments"              | has no segments_info
            """)
    void predictionsThatDoNotFitAreRefused(String part, String instead, String message) throws IOException {
        assertThat(PREDICTIONS).contains(part);
        pictures();
        Path truth = Files.writeString(temp.resolve("truth.json"), TRUTH);
        Path predictions = Files.writeString(temp.resolve("predictions.json"), PREDICTIONS.replace(part, instead));
        assertThatThrownBy(() -> PanopticScoring.score(truth, null, predictions, temp.resolve("truth")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aFolderThatIsMissingIsNamed() throws IOException {
        Path truth = Files.writeString(temp.resolve("truth.json"), TRUTH);
        assertThatThrownBy(() -> PanopticScoring.score(truth, null, truth, null))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("--truth-masks");
    }

    private void pictures() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("truth"));
        write(folder.resolve("a.png"), new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB));
        write(folder.resolve("large.png"), new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB));
        write(folder.resolve("gray.png"), new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_GRAY));
        byte[] damaged = Files.readAllBytes(folder.resolve("a.png"));
        damaged[damaged.length - 20] ^= 1;
        Files.write(folder.resolve("damaged.png"), damaged);
    }

    /** All pixels of segment 7. */
    private static void write(Path file, BufferedImage image) throws IOException {
        for (int i = 0; i < image.getWidth() * image.getHeight(); i++) {
            image.setRGB(i % image.getWidth(), i / image.getWidth(), 7 << 16);
        }
        ImageIO.write(image, "png", file.toFile());
    }
}
