package io.maskroute.datasets.refcoco;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.Orientation;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.ExifOrientations;
import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.ImportSummary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RefcocoImportTest {
    private static final Path MINI = TestData.path("refcoco_mini/public");
    private static final Path MINI_IMAGES = MINI.resolve("images/mscoco/images/train2014");
    private static final JsonNode EXPECTED = expected();

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"train", "val", "testA", "testB"})
    void importsEachSplitPerExpression(String split) throws Exception {
        ImportSummary summary = run(mini(split));

        List<ImageRow> rows = rows();
        List<PromptRow> prompts = promptsOf(rows);
        List<JsonNode> expected = of(EXPECTED.get("per_sentence"), split);
        assertThat(prompts).hasSameSizeAs(expected);
        for (int i = 0; i < prompts.size(); i++) {
            PromptRow prompt = prompts.get(i);
            JsonNode sample = expected.get(i);
            assertThat(prompt.promptId())
                    .isEqualTo(
                            "refcoco-unc-%s-%d-%d",
                            split,
                            sample.get("ref_id").asLong(),
                            sample.get("sent_id").asLong());
            assertThat(prompt.texts()).containsExactly(sample.get("sent").asText());
            assertTruth(prompt, sample);
        }
        JsonNode counts = EXPECTED.get("counts").get(split);
        assertThat(summary.images()).isEqualTo(counts.get("images").asLong()).isEqualTo(rows.size());
        assertThat(summary.targets()).isEqualTo(counts.get("refs").asLong());
        assertThat(summary.prompts()).isEqualTo(counts.get("sentences").asLong());
        assertThat(summary.skipped()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"train", "val", "testA", "testB"})
    void importsEachSplitJoined(String split) throws Exception {
        ImportSummary summary = run(mini(split).with("--protocol", Protocol.JOINED));

        List<PromptRow> prompts = promptsOf(rows());
        List<JsonNode> expected = of(EXPECTED.get("per_ref_psalm"), split);
        assertThat(prompts).hasSameSizeAs(expected);
        for (int i = 0; i < prompts.size(); i++) {
            PromptRow prompt = prompts.get(i);
            JsonNode sample = expected.get(i);
            assertThat(prompt.promptId())
                    .isEqualTo("refcoco-unc-%s-%d", split, sample.get("ref_id").asLong());
            StringBuilder joined = new StringBuilder();
            prompt.texts().forEach(text -> joined.append(' ').append(text).append('.'));
            assertThat(joined).hasToString(sample.get("joined").asText());
            assertTruth(prompt, sample);
        }
        assertThat(summary.targets())
                .isEqualTo(EXPECTED.get("counts").get(split).get("refs").asLong())
                .isEqualTo(summary.prompts());
    }

    @Test
    void namesTheAnnotationsWhosePartsOverlap() {
        ImportSummary summary = run(mini("val"));

        assertThat(summary.notes()).containsOnly(Map.entry("overlapping-parts", 2L));
        assertThat(summary.lines())
                .contains(
                        "refcoco-unc val, protocol per-expression, ground-truth raster coco: 3 images, 10 refs, 26 prompts",
                        "  annotation 9091: 281 pixels are in more than one part (the union is taken)",
                        "  annotation 9140: 1232 pixels are in more than one part (the union is taken)");
    }

    @Test
    void aRowHoldsTheImageAndWhereItComesFrom() throws Exception {
        run(mini("testA"));

        ImageRow row = rows().get(0);
        row.requireUsable();
        assertThat(row.imageId()).isEqualTo("785");
        assertThat(row.image()).isEqualTo(Files.readAllBytes(MINI_IMAGES.resolve("COCO_train2014_000000000785.jpg")));
        assertThat(row.split()).isEqualTo("testA");
        assertThat(row.source()).isEqualTo("http://farm8.staticflickr.com/7015/6795644157_f019453ae7_z.jpg");
        assertThat(row.licence()).isEqualTo("Attribution License, http://creativecommons.org/licenses/by/2.0/");
        TruthMask truth = row.prompts().get(0).truth().masks().get(0);
        assertThat(truth.annotationId()).isEqualTo(442619);
        assertThat(truth.categoryId()).isEqualTo(1);
        assertThat(truth.isCrowd()).isFalse();
    }

    @Test
    void canNameImagesInsteadOfHoldingThem() throws Exception {
        run(mini("all").with("--link-images", true));

        List<ImageRow> rows = rows();
        assertThat(rows).hasSize(6).extracting(ImageRow::imageId).startsWith("785", "100002", "100003");
        for (ImageRow row : rows) {
            row.requireUsable();
            assertThat(URI.create(row.imageUri()).getScheme()).isEqualTo("file");
            assertThat(Path.of(URI.create(row.imageUri()))).exists();
        }
    }

    @Test
    void theManifestSaysWhatItIsMadeOf() {
        run(mini("val")
                .with("--protocol", Protocol.JOINED)
                .with("--ground-truth-raster", GroundTruthRaster.OPENCV_LIKE));

        DatasetManifest manifest = DatasetManifest.read(output(), new Configuration());
        assertThat(manifest.name()).isEqualTo("refcoco-unc");
        assertThat(manifest.split()).isEqualTo("val");
        assertThat(manifest.protocol()).isEqualTo(Protocol.JOINED);
        assertThat(manifest.groundTruthRaster()).isEqualTo(GroundTruthRaster.OPENCV_LIKE);
        assertThat(manifest.importerVersion()).isEqualTo("test");
        assertThat(manifest.counts().images()).isEqualTo(3);
        assertThat(manifest.counts().targets()).isEqualTo(10);
        assertThat(manifest.counts().prompts()).isEqualTo(10);
        assertThat(manifest.sources())
                .extracting(DatasetManifest.SourceFile::name)
                .containsExactly("refs(unc).p", "instances.json");
        assertThat(manifest.sources().get(0).bytes()).isEqualTo(5847);
        assertThat(manifest.classSets().get("categories"))
                .hasSize(80)
                .contains(new DatasetManifest.Category(1, "person", true));
    }

    @Test
    void theRasterRuleIsAnOption() throws Exception {
        run(mini("train").with("--ground-truth-raster", GroundTruthRaster.OPENCV_LIKE));

        // The boundary line belongs to the object: more than COCO's 97,440 pixels, by about the outline.
        assertThat(decode(promptsOf(rows()).get(0)).area()).isBetween(97_441L, 99_500L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dict_wrapped.p",
                "proto0_long_ints.p",
                "proto0_py2.p",
                "proto0_py2_latin1_raw.p",
                "proto0_py3.p",
                "proto0_unicode_raw.p",
                "proto1_py3.p",
                "proto2_long_ints.p",
                "proto2_py2_bytestrings.p",
                "proto2_py2_latin1_raw.p",
                "proto2_unicode_raw.p",
                "proto3_py3.p",
                "proto4_py3.p",
                "proto5_py3.p",
                "tuple_top.p"
            })
    void everyWayToPickleGivesTheSameImport(String variant) throws Exception {
        String expected = rows(plainImport()).toString();
        String instances = Files.readString(MINI.resolve("refcoco/instances.json"));
        if (variant.contains("long_ints")) {
            // These hold ids beyond 32 bits for their first ref.
            expected = expected.replace("refcoco-unc-testA-0-", "refcoco-unc-testA-1099511627776-")
                    .replace("annotationId=442619", "annotationId=900100000000123");
            instances = instances.replace("\"id\": 442619", "\"id\": 900100000000123");
        }

        ImportSummary summary = run(mini("all")
                .with("--refs", MINI.resolve("pickle_variants").resolve(variant).toString())
                .with(
                        "--instances",
                        Files.writeString(folder.resolve("instances.json"), instances)
                                .toString())
                .with("--name", "refcoco-unc")
                .with("--link-images", true));

        assertThat(summary.targets()).isEqualTo(16);
        assertThat(rows().toString().equals(expected)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"images", "images/mscoco", "images/mscoco/images/train2014", "."})
    void findsTheImagesInThePublishedLayouts(String images) {
        assertThat(run(mini("testA").with("--images", MINI.resolve(images).toString()))
                        .images())
                .isEqualTo(1);
    }

    @Test
    void findsTheImagesInPsalmsLayout() throws IOException {
        Path psalm = Files.createDirectories(folder.resolve("images/mscoco/train2014"));
        Files.copy(
                MINI_IMAGES.resolve("COCO_train2014_000000000785.jpg"),
                psalm.resolve("COCO_train2014_000000000785.jpg"));

        assertThat(run(mini("testA").with("--images", folder.toString())).images())
                .isEqualTo(1);
    }

    @Test
    void findsInstancesAndImagesInTheOfficialTree() {
        ImportCall builder = new ImportCall(new RefcocoImport())
                .with("--refs", MINI.resolve("refcoco/refs(unc).p").toString())
                .with("--split", "testB")
                .with("--output", output());

        assertThat(run(builder).prompts()).isEqualTo(8);
    }

    @Test
    void anUnknownSplitIsAnsweredWithTheLabelsFound() {
        assertThatThrownBy(() -> run(mini("test")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith("has no split 'test'; it has testA, testB, train, val (or all for every one)");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void missingFilesAreNamed() {
        assertThatThrownBy(() -> run(mini("val").with("--refs", "/nowhere/refs(unc).p")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("There is no refs file /nowhere/refs(unc).p");
        assertThatThrownBy(() ->
                        run(mini("val").with("--images", MINI.resolve("refcoco").toString())))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith(
                        "The images are not in " + MINI.resolve("refcoco") + ": looked for COCO_train2014_")
                .hasMessageEndingWith("Name the folder that holds them");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aPickleThatWouldCallSomethingIsRefused() throws IOException {
        Path refs =
                Files.writeString(folder.resolve("refs(evil).p"), "cos\nsystem\n(S'touch pwned-by-pickle.txt'\ntR.");

        assertThatThrownBy(() -> run(mini("val").with("--refs", refs.toString())))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(refs.toString())
                .hasMessageContaining("os");
        assertThat(Path.of("pwned-by-pickle.txt")).doesNotExist();
        assertThat(Path.of(output())).doesNotExist();
    }

    @Test
    void anExistingOutputIsLeftAlone() throws IOException {
        run(mini("testA"));
        assertThatThrownBy(() -> run(mini("val")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("The output " + output() + " is a dataset already; delete it or name another folder");
        assertThat(DatasetManifest.read(output(), new Configuration()).split()).isEqualTo("testA");

        Files.delete(Path.of(output(), "_maskroute.json"));
        assertThatThrownBy(() -> run(mini("val")))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("is not empty and has no _maskroute.json");

        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> run(mini("val").with("--output", file.toString())))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("is a file");
        assertThatThrownBy(() ->
                        run(mini("val").with("--output", file.resolve("below").toString())))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(file.resolve("below").toString());
    }

    @Test
    void hostileRefsAreLeftOutOneByOne() throws Exception {
        ImportSummary summary = run(hostile("val").with("--keep-empty-sentences", true));

        assertThat(summary.skipped())
                .isEqualTo(new TreeMap<>(Map.of(
                        "unknown-annotation", 1L, // 30
                        "unknown-image", 1L, // 31
                        "no-sentences", 2L, // 33, 34
                        "bad-value", 4L, // 35..38: ann_id as text, lists
                        "duplicate-ref-id", 1L, // 0 again
                        "missing-image", 1L))); // 40
        assertThat(summary.notes())
                .containsEntry("duplicate-image-id", 1L)
                .containsEntry("duplicate-annotation-id", 1L)
                .containsEntry("empty-mask", 1L)
                .containsEntry("empty-sentence", 2L)
                .containsEntry("overlapping-parts", 1L);
        // 30 odd sentences, the truncated image (for the job to judge), the empty mask, the overlap.
        assertThat(summary.targets()).isEqualTo(33);
        assertThat(summary.prompts()).isEqualTo(33);
        assertThat(summary.lines())
                .contains(
                        "  ref 30: there is no annotation 424242",
                        "  ref 31: there is no image 424242",
                        "  ref 35: ann_id is not a 64-bit integer",
                        "  ref 0 is there twice; the first entry counts");
        assertThat(rows()).extracting(ImageRow::imageId).containsExactly("1", "5");
        assertThat(DatasetManifest.read(output(), new Configuration()).counts().skipped())
                .isEqualTo(summary.skipped());
    }

    @Test
    void oddSentencesAreKeptAsTheyAre() throws Exception {
        ImportSummary summary = run(hostile("val"));

        List<PromptRow> prompts = promptsOf(rows());
        assertThat(summary.skipped()).containsEntry("empty-sentence", 2L);
        assertThat(texts(prompts))
                .doesNotContain("", "   ")
                .contains(
                        ".",
                        "na\u00efve cafe\u0301 (NFD) caf\u00e9 (NFC)",
                        "\u200bzero\u200bwidth",
                        "; DROP TABLE refs; --",
                        "${jndi:ldap://127.0.0.1/x}",
                        "null",
                        "人");
        assertThat(prompts).extracting(PromptRow::promptId).doesNotHaveDuplicates();
        for (PromptRow prompt : prompts) {
            prompt.requireUsable();
        }
    }

    /** As converters mark objects whose masks they store as RLE. */
    @Test
    void anObjectMarkedAsACrowdIsMeantAllTheSame() throws Exception {
        Path instances = folder.resolve("instances.json");
        Files.writeString(
                instances,
                Files.readString(MINI.resolve("refcoco/instances.json"))
                        .replaceAll("\"iscrowd\": ?0", "\"iscrowd\": 1"));

        ImportSummary summary = run(mini("val").with("--instances", instances.toString()));

        assertThat(summary.targets()).isEqualTo(10);
        assertThat(summary.notes()).containsKey("crowd");
        assertThat(promptsOf(rows())).allSatisfy(prompt -> {
            assertThat(prompt.truth().noTarget()).isFalse();
            assertThat(prompt.truth().masks()).singleElement().satisfies(mask -> assertThat(mask.isCrowd())
                    .isTrue());
        });
    }

    @Test
    void nothingLeftToImportIsAnError() {
        assertThatThrownBy(() -> run(mini("all")
                        .with("--images", MINI_IMAGES.toString())
                        .with(
                                "--instances",
                                TestData.path("hostile/instances.json").toString())))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("Nothing of the split 'all' of ")
                .hasMessageContaining("skipped: unknown-image: 16");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void anImageOfAnotherSizeThanItsAnnotationsIsLeftOut() throws Exception {
        Path instances = folder.resolve("instances.json");
        Files.writeString(
                instances,
                Files.readString(MINI.resolve("refcoco/instances.json"))
                        .replace("\"height\": 360, \"width\": 480", "\"height\": 361, \"width\": 480")
                        .replace("\"height\":360,\"width\":480", "\"height\":361,\"width\":480"));

        ImportSummary summary = run(mini("val").with("--instances", instances.toString()));

        assertThat(summary.skipped()).isEqualTo(Map.of("image-size-differs", 4L));
        assertThat(summary.images()).isEqualTo(2);
        assertThat(summary.targets()).isEqualTo(6);
        assertThat(summary.lines()).anyMatch(line -> line.endsWith("is 480x360, its annotations are for 480x361"));
    }

    @ParameterizedTest
    @EnumSource(ExifOrientation.class)
    void masksFitThePictureAsItIsDecoded(ExifOrientation orientation) throws Exception {
        String name = "COCO_train2014_000000000785.jpg";
        byte[] turned = ExifOrientations.jpeg(Files.readAllBytes(MINI_IMAGES.resolve(name)), 6);
        Path images = Files.createDirectories(folder.resolve("images"));
        Files.write(images.resolve(name), turned);

        ImportSummary summary =
                run(mini("testA").with("--images", images.toString()).with("--orientation", orientation));

        assertThat(DatasetManifest.read(output(), new Configuration()).orientation())
                .isEqualTo(orientation);
        ImageRow row = rows().get(0);
        RgbImage picture = new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, orientation).decode(row.image());
        Rle mask = decode(row.prompts().get(0));
        assertThat(List.of(mask.height(), mask.width())).containsExactly(picture.height(), picture.width());
        assertThat(summary.notes())
                .isEqualTo(orientation == ExifOrientation.APPLY ? Map.of("turned-masks", 1L) : Map.of());
        run(mini("testA").with("--output", folder.resolve("plain").toString()));
        Rle plain =
                decode(rows(folder.resolve("plain").toString()).get(0).prompts().get(0));
        assertThat(mask)
                .isEqualTo(
                        orientation == ExifOrientation.APPLY
                                ? Rle.of(Orientation.RIGHT_TOP.turn(plain.toMask()))
                                : plain);
    }

    /** The same for every way to pickle, so made once. */
    private String plainImport() {
        String plain = shared.resolve("plain").toString();
        if (!Files.exists(shared.resolve("plain"))) {
            run(mini("all").with("--output", plain).with("--link-images", true));
        }
        return plain;
    }

    private ImportCall mini(String split) {
        return new ImportCall(new RefcocoImport())
                .with("--refs", MINI.resolve("refcoco/refs(unc).p").toString())
                .with("--instances", MINI.resolve("refcoco/instances.json").toString())
                .with("--images", MINI.resolve("images").toString())
                .with("--split", split)
                .with("--output", output());
    }

    private ImportCall hostile(String split) {
        return new ImportCall(new RefcocoImport())
                .with("--refs", TestData.path("hostile/refs_hostile.p").toString())
                .with("--instances", TestData.path("hostile/instances.json").toString())
                .with("--images", TestData.path("hostile/images").toString())
                .with("--split", split)
                .with("--output", output());
    }

    private static ImportSummary run(ImportCall builder) {
        return builder.run();
    }

    private String output() {
        return folder.resolve("out").toString();
    }

    private List<ImageRow> rows() throws RowFailure {
        return rows(output());
    }

    private static List<ImageRow> rows(String dataset) throws RowFailure {
        Dataset<Row> rows = TestSpark.session().read().parquet(dataset);
        ImageRowReader reader = ImageRowReader.of(rows.schema(), dataset);
        List<ImageRow> read = new ArrayList<>();
        for (Row row : rows.collectAsList()) {
            read.add(reader.read(row));
        }
        return read;
    }

    private static List<PromptRow> promptsOf(List<ImageRow> rows) {
        return rows.stream().flatMap(row -> row.prompts().stream()).toList();
    }

    private static List<String> texts(List<PromptRow> prompts) {
        return prompts.stream().flatMap(prompt -> prompt.texts().stream()).toList();
    }

    private static void assertTruth(PromptRow prompt, JsonNode sample) {
        JsonNode gt = sample.get("gt");
        assertThat(prompt.task()).isEqualTo("referring");
        assertThat(prompt.truth().noTarget()).isFalse();
        TruthMask mask = prompt.truth().masks().get(0);
        assertThat(prompt.truth().masks()).hasSize(1);
        assertThat(mask.annotationId()).isEqualTo(sample.get("ann_id").asLong());
        assertThat(mask.mask())
                .isEqualTo(new EncodedMask(
                        gt.at("/rle/size/0").asInt(),
                        gt.at("/rle/size/1").asInt(),
                        gt.at("/rle/counts").asText()));
        Rle rle = decode(prompt);
        assertThat(rle.area()).isEqualTo(gt.get("area_pixels").asLong());
        double[] box = new double[4];
        for (int i = 0; i < 4; i++) {
            box[i] = gt.get("bbox_from_mask").get(i).asDouble();
        }
        assertThat(rle.bbox()).containsExactly(box);
    }

    private static Rle decode(PromptRow prompt) {
        return prompt.truth().masks().get(0).mask().decode();
    }

    private static List<JsonNode> of(JsonNode samples, String split) {
        List<JsonNode> chosen = new ArrayList<>();
        samples.forEach(sample -> {
            if (sample.get("split").asText().equals(split)) {
                chosen.add(sample);
            }
        });
        return chosen;
    }

    private static JsonNode expected() {
        try {
            return new ObjectMapper().readTree(MINI.resolve("expected.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
