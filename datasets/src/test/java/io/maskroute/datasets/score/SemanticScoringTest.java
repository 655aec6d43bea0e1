package io.maskroute.datasets.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.TestJson;
import io.maskroute.datasets.labels.LabelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code data/miou}: what detectron2 and mmsegmentation say. */
class SemanticScoringTest {
    private static final Offset<Double> EXACT = within(1e-12);
    private static final Path PUBLIC = TestData.path("miou/public");
    private static final JsonNode EXPECTED = TestJson.read("data/miou/public/expected.json");

    @TempDir
    private Path temp;

    private Path truth;
    private Path predictions;

    @BeforeEach
    void folders() throws IOException {
        truth = Files.createDirectory(temp.resolve("truth"));
        predictions = Files.createDirectory(temp.resolve("predictions"));
    }

    @ParameterizedTest
    @CsvSource({"gt, false", "gt_ade_style, true"})
    void bothRulesScoreAsTheirPrograms(String folder, boolean zeroIsIgnore) {
        SemanticReport report = SemanticScoring.score(
                PUBLIC.resolve(folder), PUBLIC.resolve("pred"), new SemanticScoring.Labels(6, 255, zeroIsIgnore));

        JsonNode detectron2 = EXPECTED.get("detectron2");
        check(detectron2.get("mIoU"), report.detectron2().meanIou());
        check(detectron2.get("fwIoU"), report.detectron2().frequencyWeightedIou());
        check(detectron2.get("mACC"), report.detectron2().meanAccuracy());
        check(detectron2.get("pACC"), report.detectron2().pixelAccuracy());
        check(detectron2.get("iou"), report.detectron2().iou());
        JsonNode mmsegmentation = EXPECTED.get("mmsegmentation");
        check(mmsegmentation.get("mIoU"), report.mmsegmentation().meanIou());
        check(mmsegmentation.get("aAcc"), report.mmsegmentation().accuracy());
        check(mmsegmentation.get("iou"), report.mmsegmentation().iou());
        assertThat(report.images()).isEqualTo(4);
    }

    private static void check(JsonNode expected, List<Double> found) {
        assertThat(found).hasSize(expected.size());
        for (int i = 0; i < found.size(); i++) {
            check(expected.get(i), found.get(i));
        }
    }

    private static void check(JsonNode expected, Double found) {
        if (expected.isNull()) {
            assertThat(found).isNull();
        } else {
            assertThat(found).isCloseTo(expected.doubleValue(), EXACT);
        }
    }

    @Test
    void foldersBelowAndOtherEndingsAreMatchedByName() throws IOException {
        Files.createDirectories(truth.resolve("town"));
        Files.createDirectories(predictions.resolve("town"));
        LabelFiles.gray(truth.resolve("town/a.png"), 2, 0, 1, 1, 0);
        LabelFiles.tiff16(predictions.resolve("town/a.tif"), 2, 0, 1, 1, 1);
        Files.writeString(truth.resolve("README.txt"), "not a picture");
        Files.writeString(truth.resolve("._a.png"), "of another system");
        assertThat(score(2, 255, false).mmsegmentation().accuracy()).isEqualTo(0.75);
    }

    @Test
    void whatIsIgnoredMayHoldAnyPrediction() throws IOException {
        LabelFiles.gray(truth.resolve("a.png"), 2, 0, 255, 255, 0);
        LabelFiles.gray(predictions.resolve("a.png"), 2, 0, 255, 7, 0);
        SemanticReport report = score(2, 255, false);
        assertThat(report.detectron2().iou()).containsExactly(1.0, null);
        assertThat(report.detectron2().meanIou()).isEqualTo(1);
    }

    @Test
    void nothingButIgnoredPixelsGiveNoFigures() throws IOException {
        LabelFiles.gray(truth.resolve("a.png"), 2, 255, 255, 255, 255);
        LabelFiles.gray(predictions.resolve("a.png"), 2, 0, 0, 0, 0);
        SemanticReport report = score(2, 255, false);
        assertThat(report.detectron2().meanIou()).isNull();
        assertThat(report.mmsegmentation().accuracy()).isNull();
        assertThat(report.scores()).allMatch(score -> score.value() == null);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            0 1 1 0   | 0 1 2 0   | false | predictions/a.png has the value 2 where the truth has a class
            0 1 2 0   | 0 1 1 0   | false | truth/a.png has the value 2, and there are 2 classes, 0 to 1
            0 1 3 0   | 0 1 1 0   | true  | truth/a.png has the value 3, and there are 2 classes, 1 to 2
            """)
    void labelsWithoutAClassAreRefused(String labels, String predicted, boolean zeroIsIgnore, String message)
            throws IOException {
        LabelFiles.gray(truth.resolve("a.png"), 2, values(labels));
        LabelFiles.gray(predictions.resolve("a.png"), 2, values(predicted));
        assertThatThrownBy(() -> score(2, 255, zeroIsIgnore))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    private static int[] values(String text) {
        return List.of(text.split(" ")).stream().mapToInt(Integer::parseInt).toArray();
    }

    @Test
    void picturesThatDoNotFitAreRefused() throws IOException {
        refused("truth holds no label maps");
        LabelFiles.gray(truth.resolve("a.png"), 2, 0, 1, 1, 0);
        refused("predictions holds no label maps");
        LabelFiles.gray(predictions.resolve("b.png"), 2, 0, 1, 1, 0);
        refused("has no prediction for " + truth.resolve("a.png"));
        LabelFiles.gray(predictions.resolve("a.png"), 4, 0, 1, 1, 0);
        refused("b.png: there is no picture of this name");
        Files.delete(predictions.resolve("b.png"));
        refused("a.png is 4 wide and 1 high, its truth 2 and 2");
        Files.writeString(predictions.resolve("a.png"), "P5");
        refused("a.png is no PNG file");
        LabelFiles.gray(predictions.resolve("a.PNG"), 2, 0, 1, 1, 0);
        refused("are two pictures of one name");
        predictions = temp.resolve("none");
        refused("none cannot be read: there is no such file");
    }

    private void refused(String message) {
        assertThatThrownBy(() -> score(2, 255, false))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    private SemanticReport score(int classes, int ignore, boolean zeroIsIgnore) {
        return SemanticScoring.score(truth, predictions, new SemanticScoring.Labels(classes, ignore, zeroIsIgnore));
    }
}
