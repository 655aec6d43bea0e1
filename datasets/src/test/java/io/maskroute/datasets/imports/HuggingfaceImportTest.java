package io.maskroute.datasets.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.writer.ImportSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The three layouts hold the refs of refcoco_mini, whose masks the reference drew. */
class HuggingfaceImportTest {
    private static final Path HUB = TestData.path("parquet_mini/public");

    @TempDir
    Path folder;

    /** A sentence on a picture is a key: in the mini data none is there twice with different masks. */
    private static Map<String, Rle> reference(boolean firstSentences) throws IOException {
        Map<String, Rle> reference = new LinkedHashMap<>();
        Set<Long> refs = new HashSet<>();
        for (JsonNode sample : new ObjectMapper()
                .readTree(TestData.path("refcoco_mini/public/expected.json").toFile())
                .get("per_sentence")) {
            if (refs.add(sample.get("ref_id").asLong()) || !firstSentences) {
                reference.put(
                        sample.get("image_id").asText() + " "
                                + sample.get("sent").asText(),
                        Rle.parse(
                                sample.at("/gt/rle/size/0").asInt(),
                                sample.at("/gt/rle/size/1").asInt(),
                                sample.at("/gt/rle/counts").asText()));
            }
        }
        return reference;
    }

    @Test
    void aRowForEachPictureWithRunLengths() throws IOException {
        ImportSummary summary = hub("per_image_rle_style.parquet").run();

        assertThat(masks()).isEqualTo(reference(false));
        assertThat(summary.images()).isEqualTo(6);
        assertThat(summary.targets()).isEqualTo(16);
        assertThat(summary.prompts()).isEqualTo(42);
        assertThat(summary.skipped()).isEmpty();
        assertThat(ImportedRows.prompts(output()).get(0).truth().masks().get(0).annotationId())
                .isEqualTo(442619);
    }

    @Test
    void aRowForEachObjectWithTruthValues() throws IOException {
        ImportSummary summary = hub("reasonseg_bool_mask_style.parquet").run();

        assertThat(masks()).isEqualTo(reference(true));
        assertThat(summary.images()).isEqualTo(6);
        assertThat(summary.prompts()).isEqualTo(16);
    }

    /** Of several polygons this layout keeps one, in 32 bits: what is one polygon is nearly the same. */
    @Test
    void aRowForEachObjectWithOnePolygonAndSeveralSentences() throws IOException {
        ImportSummary summary = hub("lmms_lab_style.parquet").run();

        Map<String, Rle> masks = masks();
        Map<String, Rle> reference = reference(false);
        assertThat(masks.keySet()).isEqualTo(reference.keySet());
        List<Double> ious = new ArrayList<>();
        masks.forEach((key, mask) -> ious.add(Rle.iou(mask, reference.get(key), false)));
        assertThat(ious).allMatch(iou -> iou > 0.3);
        assertThat(ious.stream().filter(iou -> iou > 0.999).count()).isGreaterThan(ious.size() / 2);
        assertThat(summary.images()).isEqualTo(6);
        assertThat(ImportedRows.of(output()))
                .extracting(ImageRow::imageId)
                .containsExactly("785", "100002", "100003", "100004", "100005", "100006");
    }

    @Test
    void severalFilesColumnsByNameAndJoinedSentences() throws IOException {
        Path files = Files.createDirectories(folder.resolve("set[1] *"));
        Files.copy(HUB.resolve("per_image_rle_style.parquet"), files.resolve("b.parquet"));
        Files.copy(HUB.resolve("per_image_rle_style.parquet"), files.resolve("a.parquet"));
        Files.writeString(files.resolve("README.md"), "#");

        ImportSummary summary = new ImportCall(new HuggingfaceImport())
                .with("--files", files)
                .with("--image-column", "image")
                .with("--text-column", "samples.category")
                .with("--mask-column", "samples.mask")
                .with("--protocol", "joined")
                .with("--limit", 2)
                .with("--output", output())
                .run();

        assertThat(summary.images()).isEqualTo(2);
        // The rows of a picture in both files are one row.
        assertThat(ImportedRows.of(output()).get(0).prompts())
                .extracting(PromptRow::promptId)
                .containsExactly("785-0", "785-1", "785-2", "785-3");
        assertThat(ImportedRows.of(output()).get(0).prompts().get(0).texts()).containsExactly("person");
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        assertThatThrownBy(() -> hub("lmms_lab_style.parquet")
                        .with("--text-column", "caption")
                        .run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("no column caption")
                .hasMessageContaining("answer");
        Path json = Files.writeString(folder.resolve("x.parquet"), "{\"images\": [], \"annotations\": []}");
        assertThatThrownBy(() -> new ImportCall(new HuggingfaceImport())
                        .with("--files", json)
                        .with("--output", output())
                        .run())
                .hasMessageContaining("is no Parquet file; this is a COCO instances file");
        hub("per_image_rle_style.parquet").run();
        assertThatThrownBy(() -> new ImportCall(new HuggingfaceImport())
                        .with("--files", output())
                        .with("--output", folder.resolve("again"))
                        .run())
                .hasMessageContaining("is a maskroute dataset already");
    }

    private Map<String, Rle> masks() {
        Map<String, Rle> masks = new LinkedHashMap<>();
        for (ImageRow row : ImportedRows.of(output())) {
            for (PromptRow prompt : row.prompts()) {
                masks.put(
                        row.imageId() + " " + prompt.texts().get(0),
                        prompt.truth().masks().get(0).mask().decode());
            }
        }
        return masks;
    }

    private ImportCall hub(String file) {
        return new ImportCall(new HuggingfaceImport())
                .with("--files", HUB.resolve(file))
                .with("--output", output());
    }

    private String output() {
        return folder.resolve("out").toString();
    }
}
