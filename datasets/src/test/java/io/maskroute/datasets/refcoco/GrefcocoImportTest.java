package io.maskroute.datasets.refcoco;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.writer.ImportSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GrefcocoImportTest {
    private static final Path MINI = TestData.path("grefcoco_mini/public");
    private static final Path IMAGES = TestData.path("refcoco_mini/public/images");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"val", "testA", "testB"})
    void importsWhatTheReferenceCounts(String split) throws Exception {
        ImportSummary summary = mini(split).run();

        JsonNode expected =
                new ObjectMapper().readTree(MINI.resolve("expected.json").toFile());
        List<PromptRow> prompts = ImportedRows.prompts(output());
        List<JsonNode> samples = new ArrayList<>();
        expected.get("samples").forEach(sample -> {
            if (sample.get("split").asText().equals(split)) {
                samples.add(sample);
            }
        });
        assertThat(prompts).hasSameSizeAs(samples);
        for (int i = 0; i < prompts.size(); i++) {
            JsonNode sample = samples.get(i);
            Truth truth = prompts.get(i).truth();
            assertThat(prompts.get(i).promptId())
                    .isEqualTo(
                            "grefcoco-unc-%s-%d-%d",
                            split,
                            sample.get("ref_id").asLong(),
                            sample.get("sent_id").asLong());
            assertThat(prompts.get(i).texts())
                    .containsExactly(sample.get("sent").asText());
            assertThat(truth.noTarget()).isEqualTo(sample.get("no_target").asBoolean());
            assertThat(truth.masks()).hasSize(sample.get("n_targets").asInt());
            if (!truth.noTarget()) {
                Rle union = Rle.union(
                        truth.masks().stream().map(mask -> mask.mask().decode()).toList());
                assertThat(union.compressed()).isEqualTo(sample.at("/gt/counts").asText());
                assertThat(union.area()).isEqualTo(sample.get("area").asLong());
            }
        }
        JsonNode counts = expected.at("/counts/" + split);
        assertThat(summary.images()).isEqualTo(counts.get("images").asLong());
        assertThat(summary.prompts()).isEqualTo(counts.get("sentences").asLong());
        assertThat(prompts)
                .filteredOn(prompt -> prompt.truth().noTarget())
                .hasSize(counts.get("no_target").asInt());
        assertThat(summary.skipped()).isEmpty();
        DatasetManifest manifest = DatasetManifest.read(output(), new Configuration());
        assertThat(manifest.answer()).isEqualTo(DatasetManifest.Answer.union(0.6));
        assertThat(summary.lines())
                .anySatisfy(line ->
                        assertThat(line).contains("gRefCOCO unc " + split).endsWith("not comparable"));
    }

    @Test
    void badEntriesAreLeftOutOneByOne() throws Exception {
        Path refs = folder.resolve("grefs(unc).json");
        Files.writeString(
                refs,
                // With the mark that some editors put in front.
                "\ufeff["
                        + ref(1, "[442619]", "")
                        + "," + ref(2, "[-1, 442619]", "")
                        + "," + ref(3, "[]", "")
                        + "," + ref(4, "[442619, \"x\"]", "")
                        + "," + ref(5, "[-1]", ", \"no_target\": false")
                        + "," + ref(6, "[442619, 424242]", "")
                        + "," + ref(7, "[9007]", "")
                        + "," + ref(8, "[442619, 442619]", "")
                        + ", null, 7]");

        ImportSummary summary = mini("val").with("--refs", refs).run();

        assertThat(summary.targets()).isEqualTo(2);
        assertThat(summary.skipped())
                .isEqualTo(Map.of(
                        "contradiction", 2L,
                        "no-annotations", 1L,
                        "bad-value", 3L,
                        "unknown-annotation", 1L,
                        "other-image", 1L));
        assertThat(ImportedRows.prompts(output()).get(1).truth().masks()).hasSize(1);
    }

    @Test
    void theOtherKindsOfFilesAreNamed() {
        Path refcoco = TestData.path("refcoco_mini/public/refcoco");
        assertThatThrownBy(() -> mini("val")
                        .with("--refs", refcoco.resolve("refs(unc).p"))
                        .run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith("use `import refcoco`");
        assertThatThrownBy(() -> mini("val")
                        .with("--refs", refcoco.resolve("instances.json"))
                        .run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith("this is a COCO instances file: `import coco-instances --annotations` reads it");
        assertThatThrownBy(() -> new ImportCall(new RefcocoImport())
                        .with("--refs", MINI.resolve("grefcoco/grefs(unc).json"))
                        .with("--split", "val")
                        .with("--output", output())
                        .run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith("use `import grefcoco`");
        assertThat(folder).isEmptyDirectory();
    }

    private static String ref(int id, String annIds, String more) {
        return "{\"ref_id\": " + id + ", \"image_id\": 785, \"split\": \"val\", \"ann_id\": " + annIds
                + ", \"sentences\": [{\"sent_id\": 1, \"sent\": \"it\"}]" + more + "}";
    }

    private ImportCall mini(String split) {
        return new ImportCall(new GrefcocoImport())
                .with("--refs", MINI.resolve("grefcoco/grefs(unc).json"))
                .with("--instances", MINI.resolve("grefcoco/instances.json"))
                .with("--images", IMAGES)
                .with("--split", split)
                .with("--output", output());
    }

    private String output() {
        return folder.resolve("out").toString();
    }
}
