package io.maskroute.datasets.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.writer.ImportSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReasonsegImportTest {
    private static final Path ROOT = TestData.path("reasonseg_mini/public/ReasonSeg");

    @TempDir
    Path folder;

    /** The reference drew with OpenCV, whose versions differ by a few border pixels: a hundredth is allowed. */
    @Test
    void importsWhatTheReferenceDraws() throws Exception {
        ImportSummary summary = reasonseg(ROOT, "all").run();

        JsonNode samples = new ObjectMapper()
                .readTree(TestData.path("reasonseg_mini/public/expected.json").toFile())
                .get("samples");
        List<ImageRow> rows = ImportedRows.of(output());
        assertThat(rows).hasSameSizeAs(samples);
        for (JsonNode sample : samples) {
            String id = sample.get("split").asText() + "/"
                    + sample.get("image").asText().replace(".jpg", "");
            ImageRow row = rows.stream()
                    .filter(each -> each.imageId().equals(id))
                    .findFirst()
                    .orElseThrow();
            assertThat(row.prompts()).hasSize(1);
            PromptRow prompt = row.prompts().get(0);
            assertThat(prompt.texts()).containsExactly(sample.get("text").asText());
            assertThat(prompt.promptId()).endsWith(sample.get("is_sentence").asBoolean() ? "-sentence" : "-phrase");
            Truth truth = prompt.truth();
            same(truth.masks().get(0).mask().decode(), sample.get("target"), sample.get("target_area"));
            if (sample.get("ignore_area").asLong() == 0) {
                assertThat(truth.ignore()).isNull();
            } else {
                same(truth.ignore().decode(), sample.get("ignore"), sample.get("ignore_area"));
            }
        }
        assertThat(summary.skipped()).isEmpty();
        assertThat(summary.notes()).isEmpty();
    }

    private static void same(Rle mask, JsonNode expected, JsonNode area) {
        Rle reference = Rle.parse(
                expected.at("/size/0").asInt(),
                expected.at("/size/1").asInt(),
                expected.get("counts").asText());
        assertThat(reference.area()).isEqualTo(area.asLong());
        assertThat(Rle.iou(mask, reference, false)).isCloseTo(1, within(0.01));
    }

    @Test
    void laterShapesLieOverLargerOnesAndBadOnesAreCounted() throws Exception {
        Path val = Files.createDirectories(folder.resolve("ReasonSeg/train"));
        Files.copy(ROOT.resolve("val/100004_00.jpg"), val.resolve("a.jpg"));
        Files.copy(ROOT.resolve("val/100004_00.jpg"), val.resolve("lonely.jpg"));
        Files.writeString(val.resolve("orphan.json"), "{}");
        Files.writeString(
                val.resolve("a.json"),
                """
                {"text": ["one", " ", "two"], "is_sentence": false, "shapes": [
                  {"label": "Ignore_this", "points": [[10, 10], [19, 10], [19, 19], [10, 19]]},
                  {"label": "TARGET", "points": [[0, 0], [99, 0], [99, 99], [0, 99]]},
                  {"label": "target", "points": [[12, 12], [13, 12], [13, 13], [12, 13]]},
                  {"label": "target", "points": [[1, "x"], [2, 2], [3, 3]]},
                  {"label": "flag", "points": [[0, 0], [400, 0], [400, 300], [0, 300]]}]}""");

        ImportSummary summary = reasonseg(folder.resolve("ReasonSeg"), "train").run();

        List<PromptRow> prompts = ImportedRows.prompts(output());
        assertThat(prompts)
                .extracting(PromptRow::promptId)
                .containsExactly("reasonseg-train/a-0-phrase", "reasonseg-train/a-2-phrase");
        Truth truth = prompts.get(0).truth();
        assertThat(truth.masks().get(0).mask().decode().area()).isEqualTo(100 * 100 - 10 * 10 + 2 * 2);
        assertThat(truth.ignore().decode().area()).isEqualTo(10 * 10 - 2 * 2);
        assertThat(summary.skipped())
                .isEqualTo(Map.of("bad-shape", 1L, "empty-sentence", 1L, "no-annotation", 1L, "missing-image", 1L));
    }

    @Test
    void aFolderThatIsNoneIsAnsweredWithWhatIsThere() {
        assertThatThrownBy(() -> reasonseg(ROOT, "testA").run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith("; there is val, test (or all for every one)");
        assertThatThrownBy(() -> reasonseg(ROOT.resolve("val"), "val").run())
                .hasMessageEndingWith("--root is the folder that holds train, val and test");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    private ImportCall reasonseg(Path root, String split) {
        return new ImportCall(new ReasonsegImport())
                .with("--root", root)
                .with("--split", split)
                .with("--output", output());
    }

    private String output() {
        return folder.resolve("out").toString();
    }
}
