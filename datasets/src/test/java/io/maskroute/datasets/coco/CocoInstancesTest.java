package io.maskroute.datasets.coco;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CocoInstancesTest {
    private static final int HEIGHT = 160;
    private static final int WIDTH = 240;

    private final Findings findings = new Findings();

    @TempDir
    Path folder;

    @Test
    void readsWhatIsWanted() throws UnusableEntryException {
        CocoInstances mini = CocoInstances.read(
                TestData.path("refcoco_mini/public/refcoco/instances.json").toString(),
                id -> id == 785,
                id -> id == 442619 || id == 900100100004L,
                findings,
                new Configuration());

        assertThat(mini.image(785))
                .isEqualTo(new CocoImage(
                        785,
                        "COCO_train2014_000000000785.jpg",
                        425,
                        640,
                        "http://farm8.staticflickr.com/7015/6795644157_f019453ae7_z.jpg",
                        4L));
        assertThat(mini.licences().get(4L))
                .isEqualTo("Attribution License, http://creativecommons.org/licenses/by/2.0/");
        assertThat(mini.categories()).hasSize(80).containsEntry(1L, new CocoInstances.Category(1, "person", true));
        assertThat(mini.annotation(442619).categoryId()).isEqualTo(1);
        assertThat(mini.annotation(442619).isCrowd()).isFalse();
        CocoAnnotation crowd = mini.annotation(900100100004L);
        assertThat(crowd.isCrowd()).isTrue();
        assertThat(crowd.segmentation()
                        .rasterize(360, 480, GroundTruthRaster.COCO)
                        .mask()
                        .area())
                .isEqualTo(8050);
        assertThatThrownBy(() -> mini.annotation(9000)).hasMessage("there is no annotation 9000");
        assertThat(mini.source().bytes()).isEqualTo(20391);
        // sha256sum of the file
        assertThat(mini.source().sha256()).isEqualTo(MINI_SHA256);
        assertThat(findings.lines()).isEmpty();
    }

    // The keys of expect.json; what each comes to.
    @ParameterizedTest
    @CsvSource({
        "1, 900", // the second entry: 60..90 squared
        "2, 38400",
        "3, 0",
        "4, 400",
        "6, 0",
        "7, 0",
        "22, 2800",
        "29, 1600",
        "9007199254740993, 1600",
        "-1, 1600",
        "0, 1600"
    })
    void hostileAnnotationsThatAreReadable(long id, long area) throws UnusableEntryException {
        assertThat(drawHostile(id).mask().area()).isEqualTo(area);
    }

    @Test
    void overlappingPartsAreUnitedAndTheOverlapCounted() throws UnusableEntryException {
        assertThat(drawHostile(22).overlapPixels()).isEqualTo(400);
        assertThat(drawHostile(1).overlapPixels()).isZero();
    }

    @Test
    void manyVerticesAreNoProblem() throws UnusableEntryException {
        assertThat(((Segmentation.Outline) hostile().annotation(9).segmentation()).parts())
                .singleElement()
                .satisfies(part -> assertThat(part).hasSize(400_000));
        assertThat(drawHostile(9).mask().area()).isPositive();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "5  | polygon 0 has 3 numbers, which are no pairs of x and y",
                "8  | polygon 0 has 5 numbers, which are no pairs of x and y",
                "15 | segmentation.counts holds -5",
                "16 | segmentation.counts is missing",
                "17 | segmentation.size is missing",
                "18 | segmentation is text, not a list of polygons or an RLE",
                "19 | segmentation is null, not a list of polygons or an RLE",
                "23 | a polygon holds text where a number should be",
                "24 | a polygon holds null where a number should be",
                "25 | segmentation.counts holds 2147483648"
            })
    void hostileAnnotationsThatAreRefused(long id, String why) {
        assertThatThrownBy(() -> hostile().annotation(id))
                .isInstanceOf(UnusableEntryException.class)
                .hasMessage("annotation " + id + ": " + why);
    }

    @ParameterizedTest
    @ValueSource(longs = {10, 11, 12, 13, 14})
    void hostileRunsThatAreNoMaskOfTheImage(long id) throws UnusableEntryException {
        Segmentation segmentation = hostile().annotation(id).segmentation();

        assertThatThrownBy(() -> segmentation.rasterize(HEIGHT, WIDTH, GroundTruthRaster.COCO))
                .isInstanceOf(InvalidRleException.class);
    }

    @ParameterizedTest
    @EnumSource(GroundTruthRaster.class)
    void everyReadableHostileAnnotationIsDrawnOrRefusedUnderBothRules(GroundTruthRaster rule) {
        CocoInstances hostile = hostile();
        for (long id = -1; id <= 29; id++) {
            long known = id;
            UnusableEntryException refused =
                    catchThrowableOfType(UnusableEntryException.class, () -> hostile.annotation(known));
            if (refused == null) {
                assertThatCode(() -> {
                            try {
                                hostile.annotation(known).segmentation().rasterize(HEIGHT, WIDTH, rule);
                            } catch (InvalidRleException e) {
                                assertThat(e.getMessage()).isNotBlank();
                            }
                        })
                        .doesNotThrowAnyException();
            }
        }
    }

    @Test
    void hostileImages() throws UnusableEntryException {
        CocoInstances hostile = hostile();

        assertThat(hostile.image(1).fileName()).isEqualTo("gray.jpg");
        for (long escaping : new long[] {4, 6, 9, 10}) {
            assertThatThrownBy(() -> hostile.image(escaping)).hasMessageContaining("is not a name inside a folder");
        }
        assertThatThrownBy(() -> hostile.image(7)).hasMessage("image 7: height is 0");
        assertThatThrownBy(() -> hostile.image(8)).hasMessage("image 8: height is -5");
        assertThatThrownBy(() -> hostile.image(999)).hasMessage("there is no image 999");
        assertThat(findings.notes())
                .containsEntry("duplicate-image-id", 1L)
                .containsEntry("duplicate-annotation-id", 1L);
        assertThat(findings.lines())
                .contains(
                        "  image 1 is there twice; the last entry counts",
                        "  annotation 1 is there twice; the last entry counts");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "instances_truncated.json | is not usable JSON at line 1, column 5001",
                "instances_deep.json      | its top is not an object",
                "instances_dup_keys.json  | Duplicate field 'images'",
                "instances_latin1.json    | Invalid UTF-8",
                "instances_nan.json       | NaN"
            })
    void filesThatAreRefusedAsAWhole(String name, String why) {
        String file = TestData.path("hostile/" + name).toString();
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(file)
                .hasMessageContaining(why)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @Test
    void aByteOrderMarkIsNoProblem() {
        assertThatCode(() -> read(TestData.path("hostile/instances_bom.json").toString()))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                                    | its top is not an object",
                "[]                                                    | its top is not an object",
                "{}                                                    | it has no list 'images'",
                "{\"images\":[]}                                       | it has no list 'annotations'",
                "{\"images\":{},\"annotations\":[]}                    | 'images' is not a list",
                "{\"images\":[],\"annotations\":null}                  | 'annotations' is not a list",
                "{\"images\":[],\"annotations\":[]} {}                 | something follows its end",
            })
    void filesInAnotherLayoutAreRefused(String json, String why) throws IOException {
        assertThatThrownBy(() -> readText(json))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("is not an instances file in COCO's layout: " + why);
    }

    @Test
    void deepNestingInsideIsRefused() {
        String deep = "{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";

        assertThatThrownBy(() -> readText(deep))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("nesting");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> read("/nowhere/instances.json"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("There is no instances file /nowhere/instances.json");
    }

    @Test
    void aLaterEntryReplacesABrokenOneAndTheReverse() throws Exception {
        String good = "{\"id\":%d,\"image_id\":1,\"category_id\":1,\"segmentation\":[]}";
        String bad = "{\"id\":%d,\"image_id\":1,\"category_id\":1}";
        CocoInstances read = readText(String.format(
                "{\"images\":[],\"annotations\":[" + String.join(",", bad, good, good, bad) + "]}", 1, 1, 2, 2));

        assertThat(read.annotation(1).segmentation()).isEqualTo(new Segmentation.Outline(List.of()));
        assertThatThrownBy(() -> read.annotation(2)).hasMessage("annotation 2: segmentation is missing");
        assertThat(findings.notes()).containsEntry("duplicate-annotation-id", 2L);
    }

    @Test
    void idsThatAreNoIdsAreCounted() throws IOException {
        readText(
                "{\"images\":[{\"id\":\"1\"},{\"id\":1.0},{\"id\":99999999999999999999},{},7],\"annotations\":[{\"id\":null}]}");

        assertThat(findings.skipped())
                .containsEntry("unusable-image-id", 4L)
                .containsEntry("unusable-annotation-id", 1L)
                .containsEntry("not-an-entry", 1L);
    }

    private static final String MINI_SHA256 = "ceb4d63a84256c993a50092063ca42754773ce863f995bd4d488cb850215a100";

    private Segmentation.Raster drawHostile(long id) throws UnusableEntryException {
        return hostile().annotation(id).segmentation().rasterize(HEIGHT, WIDTH, GroundTruthRaster.COCO);
    }

    private CocoInstances hostile() {
        return read(TestData.path("hostile/instances.json").toString());
    }

    private CocoInstances read(String file) {
        return CocoInstances.read(file, id -> true, id -> true, findings, new Configuration());
    }

    private CocoInstances readText(String json) throws IOException {
        return read(Files.writeString(folder.resolve("instances.json"), json).toString());
    }
}
