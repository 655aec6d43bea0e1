package io.maskroute.datasets.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.ImportSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CocoImportsTest {
    private static final Path MINI = TestData.path("coco_mini/public");
    private static final Path INSTANCES = MINI.resolve("annotations/instances_val2017.json");
    private static final Path PANOPTIC = MINI.resolve("annotations/panoptic_val2017.json");
    private static final Path INTERACTIVE = MINI.resolve("coco_interactive_val_psalm.json");
    private static final Path HOSTILE = TestData.path("hostile");

    @TempDir
    Path folder;

    /** The masks of the interactive file are PSALM's, by pycocotools. */
    @Test
    void instancesHaveTheMasksOfTheReference() throws IOException {
        ImportSummary summary = instances(INSTANCES, MINI).run();

        Map<Long, JsonNode> annotations = new HashMap<>();
        json(INSTANCES)
                .get("annotations")
                .forEach(each -> annotations.put(each.get("id").asLong(), each));
        Map<Long, String> reference = new HashMap<>();
        json(INTERACTIVE).forEach(entry -> entry.get("anns")
                .forEach(each -> reference.put(
                        each.get("id").asLong(),
                        each.at("/mask_visual_prompt_mask/counts").asText())));
        List<PromptRow> prompts = ImportedRows.prompts(output());
        assertThat(prompts).hasSize(6);
        int masks = 0;
        for (PromptRow prompt : prompts) {
            assertThat(prompt.task()).isEqualTo("instance");
            assertThat(prompt.classSet()).isEqualTo("categories");
            for (TruthMask mask : prompt.truth().masks()) {
                JsonNode annotation = annotations.get(mask.annotationId());
                assertThat(annotation.get("image_id").asText()).isEqualTo(prompt.promptId());
                assertThat(mask.categoryId())
                        .isEqualTo(annotation.get("category_id").asInt());
                assertThat(mask.isCrowd()).isEqualTo(annotation.get("iscrowd").asInt() == 1);
                assertThat(mask.area()).isEqualTo((long) annotation.get("area").asDouble());
                if (reference.containsKey(mask.annotationId()) && !mask.isCrowd()) {
                    assertThat(mask.mask().counts()).isEqualTo(reference.get(mask.annotationId()));
                }
                masks++;
            }
        }
        assertThat(masks).isEqualTo(annotations.size());
        assertThat(summary.targets()).isEqualTo(masks);
        assertThat(summary.skipped()).isEmpty();
        assertThat(summary.lines())
                .anyMatch(line -> line.startsWith("published of COCO val2017: 5,000 images, 36,781"));
        DatasetManifest manifest = DatasetManifest.read(output(), new Configuration());
        assertThat(manifest.split()).isEqualTo("val2017");
        assertThat(manifest.sources().get(0).bytes()).isEqualTo(Files.size(INSTANCES));
    }

    @Test
    void hostileAnnotationsAreLeftOutOneByOne() {
        ImportSummary summary = instances(TestData.path("hostile/instances.json"), HOSTILE.resolve("images"))
                .run();

        assertThat(summary.skipped())
                .isEqualTo(new TreeMap<>(Map.of(
                        "bad-value", 10L, // 5, 8, 15..19, 23..25
                        "bad-mask", 5L, // 10..14
                        "unknown-image", 1L, // 20
                        "unknown-category", 1L, // 21
                        "unsafe-file-name", 4L, // images 4, 6, 9, 10
                        "bad-image-size", 2L, // images 7, 8
                        "missing-image", 1L, // image 2
                        "image-size-differs", 1L))); // image 3
        assertThat(summary.notes())
                .containsEntry("duplicate-annotation-id", 1L)
                .containsEntry("duplicate-image-id", 1L)
                .containsEntry("empty-mask", 3L); // 3, 6, 7
        List<TruthMask> masks = ImportedRows.prompts(output()).stream()
                .flatMap(prompt -> prompt.truth().masks().stream())
                .toList();
        assertThat(masks)
                .extracting(TruthMask::annotationId)
                .containsExactly(1L, 2L, 3L, 4L, 6L, 7L, 9L, 22L, 29L, 9007199254740993L, -1L, 0L, 27L);
        // Of the two annotations 1 the last one counts, as in pycocotools' index.
        assertThat(masks.get(0).mask().decode().bbox()[0]).isEqualTo(60);
        assertThat(masks.get(8).area()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "instances_truncated.json, is not usable JSON",
        "instances_nan.json, is not usable JSON",
        "instances_deep.json, is not",
        "instances_dup_keys.json, is not usable JSON",
        "instances_latin1.json, is not usable JSON",
        "instances_bom.json, can be imported: there is none"
    })
    void brokenFilesAreRefusedWhole(String file, String why) {
        assertThatThrownBy(() -> instances(TestData.path("hostile/" + file), HOSTILE.resolve("images"))
                        .run())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(file)
                .hasMessageContaining(why);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void areasKeepTheirPlaceAmongCocosSizes() throws IOException {
        Path file = folder.resolve("instances.json");
        StringBuilder annotations = new StringBuilder();
        double[] areas = {1023.9, 1024, 1024.1, 1025.5, 9216.01, 9216, 0.4};
        for (int i = 0; i < areas.length; i++) {
            annotations
                    .append(i == 0 ? "" : ",")
                    .append("{\"id\":" + i + ",\"image_id\":1,\"category_id\":1,\"area\":" + areas[i]
                            + ",\"segmentation\":[[1,1,9,1,9,9]]}");
        }
        // Annotations may stand before the images they are on.
        Files.writeString(
                file,
                "{\"annotations\":[" + annotations
                        + "],\"categories\":[{\"id\":1,\"name\":\"x\"}],\"images\":[{\"id\":1,"
                        + "\"file_name\":\"ok.jpg\",\"height\":160,\"width\":240}]}");

        instances(file, HOSTILE.resolve("images")).run();

        assertThat(ImportedRows.prompts(output()).get(0).truth().masks())
                .extracting(TruthMask::area)
                .containsExactly(1023L, 1024L, 1025L, 1025L, 9217L, 9216L, 0L);
    }

    @Test
    void panopticSegmentsHaveThePixelsOfTheirPicture() throws IOException {
        ImportSummary summary = panoptic(PANOPTIC).run();

        Map<String, JsonNode> annotations = new HashMap<>();
        json(PANOPTIC)
                .get("annotations")
                .forEach(each -> annotations.put(each.get("image_id").asText(), each));
        List<PromptRow> prompts = ImportedRows.prompts(output());
        assertThat(prompts).hasSameSizeAs(annotations.keySet());
        for (PromptRow prompt : prompts) {
            JsonNode segments = annotations.get(prompt.promptId()).get("segments_info");
            List<TruthMask> masks = prompt.truth().masks();
            assertThat(prompt.task()).isEqualTo("panoptic");
            assertThat(masks).hasSameSizeAs(segments);
            for (int i = 0; i < masks.size(); i++) {
                JsonNode segment = segments.get(i);
                assertThat(masks.get(i).annotationId())
                        .isEqualTo(segment.get("id").asLong());
                assertThat(masks.get(i).categoryId())
                        .isEqualTo(segment.get("category_id").asInt());
                assertThat(masks.get(i).area()).isEqualTo(segment.get("area").asLong());
                assertThat(masks.get(i).mask().decode().area())
                        .isEqualTo(segment.get("area").asLong());
                double[] box = masks.get(i).mask().decode().bbox();
                for (int b = 0; b < 4; b++) {
                    assertThat(box[b]).isEqualTo(segment.get("bbox").get(b).asDouble());
                }
            }
        }
        assertThat(summary.skipped()).isEmpty();
        List<DatasetManifest.Category> classes =
                DatasetManifest.read(output(), new Configuration()).classSets().get("categories");
        assertThat(classes).hasSize(133);
        assertThat(classes).filteredOn(DatasetManifest.Category::isThing).hasSize(80);
    }

    @Test
    void panopticTruthThatDoesNotFitIsCounted() throws IOException {
        String text = Files.readString(PANOPTIC)
                .replaceFirst("\"id\": ?11253989", "\"id\": 1")
                .replaceFirst("\"file_name\": ?\"000000100002.png\"", "\"file_name\": \"000000000785.png\"")
                .replaceFirst("\"file_name\": ?\"000000100003.png\"", "\"file_name\": \"nowhere.png\"");
        Path file = Files.writeString(folder.resolve("panoptic.json"), text);

        ImportSummary summary = panoptic(file).run();

        assertThat(summary.skipped())
                .isEqualTo(Map.of("segment-without-pixels", 1L, "mask-size-differs", 1L, "missing-mask", 1L));
        assertThat(summary.notes()).isEqualTo(Map.of("segment-not-listed", 1L));
    }

    @ParameterizedTest
    @ValueSource(strings = {"point", "box", "scribble", "mask"})
    void interactiveRegionsAreTheDrawnPixels(String kind) throws IOException {
        ImportSummary summary = new ImportCall(new CocoInteractiveImport())
                .with("--annotations", INTERACTIVE)
                .with("--images", MINI)
                .with("--kind", kind)
                .with("--output", output())
                .run();

        Map<Long, JsonNode> annotations = new HashMap<>();
        json(INTERACTIVE).forEach(entry -> entry.get("anns")
                .forEach(each -> annotations.put(each.get("id").asLong(), each)));
        int regions = 0;
        for (PromptRow prompt : ImportedRows.prompts(output())) {
            assertThat(prompt.task()).isEqualTo("region");
            assertThat(prompt.truth().masks()).hasSameSizeAs(prompt.regions());
            for (TruthMask mask : prompt.truth().masks()) {
                JsonNode annotation = annotations.get(mask.annotationId());
                assertThat(annotation.get("iscrowd").asInt()).isZero();
                assertThat(mask.mask().counts())
                        .isEqualTo(
                                annotation.at("/mask_visual_prompt_mask/counts").asText());
                assertThat(prompt.regions().get(mask.region()).kind()).isEqualTo(kind);
                assertThat(prompt.regions().get(mask.region()).mask().counts())
                        .isEqualTo(annotation
                                .at("/" + kind + "_visual_prompt_mask/counts")
                                .asText());
                regions++;
            }
        }
        long leftOut =
                summary.skipped().values().stream().mapToLong(Long::longValue).sum();
        assertThat(summary.skipped().keySet()).isSubsetOf("crowd", "empty-region");
        assertThat(regions + leftOut).isEqualTo(annotations.size());
        assertThat(summary.targets()).isEqualTo(regions);
    }

    @Test
    void aFileOfAnotherKindIsTold() throws IOException {
        Path results = Files.writeString(
                folder.resolve("results.json"),
                "[{\"image_id\": 1, \"category_id\": 1, \"segmentation\": {\"size\": [1, 1], \"counts\": \"01\"}, \"score\": 1}]");
        refused(instances(results, MINI), "this is a COCO results file: `score coco` scores it");
        refused(
                instances(PANOPTIC, MINI),
                "this is a COCO panoptic file: `import coco-panoptic --annotations` reads it");
        refused(panoptic(INSTANCES), "this is a COCO instances file: `import coco-instances --annotations` reads it");
        refused(
                instances(INTERACTIVE, MINI),
                "this is PSALM's COCO-Interactive file: `import coco-interactive --annotations` reads it");
        refused(
                instances(TestData.path("parquet_mini/public/lmms_lab_style.parquet"), MINI),
                "this is a Parquet file: `import huggingface` reads such");
    }

    private static void refused(ImportCall call, String hint) {
        assertThatThrownBy(call::run).isInstanceOf(UnusableInputException.class).hasMessageEndingWith(hint);
    }

    private ImportCall instances(Path annotations, Path images) {
        return call(new CocoInstancesImport(), annotations, images);
    }

    private ImportCall panoptic(Path annotations) {
        return call(new CocoPanopticImport(), annotations, MINI).with("--masks", MINI.resolve("panoptic_val2017"));
    }

    private ImportCall call(DatasetImport format, Path annotations, Path images) {
        return new ImportCall(format)
                .with("--annotations", annotations)
                .with("--images", images)
                .with("--output", output());
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }

    private String output() {
        return folder.resolve("out").toString();
    }
}
