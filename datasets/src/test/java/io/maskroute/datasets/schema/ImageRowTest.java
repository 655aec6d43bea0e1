package io.maskroute.datasets.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageRowTest {
    private static final EncodedMask MASK = new EncodedMask(3, 4, "57");
    private static final ImageRow FULL = new ImageRow(
            "785",
            new byte[] {1, 2, 3},
            null,
            List.of(
                    PromptRow.referring(
                            "p-1",
                            List.of("the skier", " the one in front "),
                            new Truth(
                                    false,
                                    List.of(
                                            new TruthMask(MASK, 17, true, 9007199254740993L, 1L << 40, 2),
                                            new TruthMask(MASK, null, false, null)),
                                    MASK)),
                    new PromptRow(
                            "p-2",
                            "region",
                            List.of(),
                            "coco-80",
                            List.of(
                                    new Region("box", List.of(1.5, 2.0, 3.0, 4.0), null),
                                    new Region("mask", List.of(), MASK, "i-0")),
                            null),
                    PromptRow.referring("p-3", List.of("a unicorn"), new Truth(true, List.of()))),
            "val",
            "somewhere",
            "CC0");

    @TempDir
    Path folder;

    @Test
    void survivesParquet() throws RowFailure {
        String path = folder.resolve("d").toString();
        spark().createDataFrame(List.of(DatasetSchema.toRow(FULL)), DatasetSchema.struct())
                .write()
                .parquet(path);

        Dataset<Row> rows = spark().read().parquet(path);

        ImageRow read = only(rows);
        assertThat(read).usingRecursiveComparison().isEqualTo(FULL);
        read.requireUsable();
        assertThat(read.prompts().get(0).requireUsable()).isEqualTo(PromptTask.REFERRING);
    }

    @Test
    void readsWhatOtherToolsWrite() throws RowFailure {
        // Long integers, float coordinates, counts as bytes, another column order, extra and missing columns.
        Dataset<Row> rows = spark().sql("SELECT 1 AS extra, array(named_struct('task', 'referring', 'prompt_id', 'p',"
                + " 'texts', array('a'), 'regions', array(named_struct('kind', 'point', 'coordinates', array(cast(1.5 as"
                + " float)))), 'truth', named_struct('masks', array(named_struct('mask', named_struct('size', array(3L,"
                + " 4L), 'counts', cast('57' as binary)), 'category_id', 7L, 'annotation_id', cast(5 as int))))))"
                + " AS prompts, 's3a://b/x.jpg' AS image_uri, 'i' AS image_id, null AS split");

        ImageRow read = only(rows);

        assertThat(read)
                .usingRecursiveComparison()
                .isEqualTo(new ImageRow(
                        "i",
                        null,
                        "s3a://b/x.jpg",
                        List.of(new PromptRow(
                                "p",
                                "referring",
                                List.of("a"),
                                null,
                                List.of(new Region("point", List.of(1.5), null)),
                                new Truth(false, List.of(new TruthMask(MASK, 7, false, 5L))))),
                        null,
                        null,
                        null));
    }

    @Test
    void namesTheColumnThatDoesNotFit() {
        assertThatThrownBy(() -> ImageRowReader.of(new StructType().add("image_id", "string"), "data/x"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("data/x is not a maskroute dataset: the column prompts is missing (found: image_id)");
        assertThatThrownBy(() -> ImageRowReader.of(new StructType().add("image_id", "binary"), "data/x"))
                .hasMessageContaining("the column image_id has the type binary, expected string");
        assertThatThrownBy(() -> ImageRowReader.of(
                        new StructType().add("image_id", "string").add("prompts", "array<string>"), "data/x"))
                .hasMessageContaining("the column prompts has the type array<string>, expected array<struct>");
        assertThatThrownBy(() -> ImageRowReader.of(
                        new StructType()
                                .add("image_id", "string")
                                .add(
                                        "prompts",
                                        "array<struct<prompt_id:string,task:string,truth:struct<masks:array<struct<mask:"
                                                + "struct<size:array<double>,counts:string>>>>>>"),
                        "data/x"))
                .hasMessageContaining(
                        "the column prompts[].truth.masks[].mask.size has the type array<double>, expected array<int>");
    }

    @Test
    void whatCannotBeReadFailsItsPromptAlone() throws RowFailure {
        String mask = "named_struct('size', array(%s, 4L), 'counts', '57')";
        List<PromptRow> prompts = only(spark().sql("SELECT 'i' AS image_id, array("
                        + String.join(
                                ", ",
                                prompt("good", "array('a')", mask.formatted("3L")),
                                prompt("null text", "array('a', null)", mask.formatted("3L")),
                                prompt("null mask", "array('a')", "null"),
                                prompt("large size", "array('a')", mask.formatted("3000000000L")),
                                prompt("null both", "array(null)", "null"),
                                prompt("good too", "array('b')", mask.formatted("3L")))
                        + ") AS prompts"))
                .prompts();

        assertThat(prompts.get(0).requireUsable()).isEqualTo(PromptTask.REFERRING);
        assertThat(prompts.get(5).requireUsable()).isEqualTo(PromptTask.REFERRING);
        assertThat(prompts.get(5).texts()).containsExactly("b");
        assertUnreadable(prompts.get(1), "null text", "a list holds a null element");
        assertUnreadable(prompts.get(2), "null mask", "a truth mask is null");
        assertUnreadable(prompts.get(3), "large size", "3000000000 does not fit a 32-bit integer");
        assertUnreadable(prompts.get(4), "null both", "a list holds a null element");
        // What could be read is there, so that a prompt that cannot be asked is still scored.
        assertThat(prompts.get(1).texts()).isEmpty();
        assertThat(prompts.get(1).truth()).isEqualTo(prompts.get(0).truth()).isNotNull();
        assertThat(prompts.get(2).texts()).containsExactly("a");
        assertThat(prompts.get(2).truth()).isNull();
    }

    @Test
    void aPromptThatIsNullFailsAlone() throws RowFailure {
        List<PromptRow> prompts = only(spark().sql("SELECT 'i' AS image_id, array(" + prompt("p", "array('a')", "null")
                        + ", null) AS prompts"))
                .prompts();

        assertThat(prompts).hasSize(2);
        assertThat(prompts.get(0).promptId()).isEqualTo("p");
        assertUnreadable(prompts.get(1), null, "a list holds a null element");
    }

    /** Written by pyarrow 25: {@code Table.from_pylist} gives the type null to what is None or empty in every row. */
    @Test
    void readsPyarrowsColumnsWithoutValues() throws RowFailure {
        ImageRow read = only(spark().read().parquet("src/test/resources/data/pyarrow/nulls.parquet"));

        Truth nothing = new Truth(false, List.of());
        assertThat(read)
                .isEqualTo(new ImageRow(
                        "i",
                        null,
                        "x.jpg",
                        List.of(
                                PromptRow.referring("p1", List.of("a"), nothing),
                                PromptRow.referring("p2", List.of("a"), nothing)),
                        null,
                        null,
                        null));
    }

    @Test
    void aValueOfAnotherTypeIsNotTakenForNone() throws RowFailure {
        assertThatThrownBy(() -> only(spark().sql("SELECT 'i' AS image_id, 5 AS image_uri, array("
                        + prompt("p", "array('a')", "null") + ") AS prompts")))
                .isInstanceOf(RowFailure.class)
                .hasMessage("the column image_uri has the type int, expected string");
        List<PromptRow> prompts = only(spark().sql(
                                "SELECT 'i' AS image_id, array(named_struct('prompt_id', 'p', 'task',"
                                        + " 'referring', 'texts', array('a'), 'class_set', 7, 'regions', array(), 'truth', 3)) AS prompts"))
                .prompts();
        assertUnreadable(prompts.get(0), "p", "the column prompts[].class_set has the type int, expected string");
        assertThat(prompts.get(0).texts()).containsExactly("a");
    }

    @Test
    void aTruthThatSaysNothingIsNoneAndOneThatContradictsItselfIsUnreadable() throws RowFailure {
        String masks = "array(named_struct('mask', named_struct('size', array(3, 4), 'counts', '57')))";
        List<PromptRow> prompts = only(spark().sql("SELECT 'i' AS image_id, array("
                        + String.join(
                                ", ",
                                judged("silent", "null", "null"),
                                judged("none", "true", "null"),
                                judged("one", "false", masks),
                                judged("both", "true", masks))
                        + ") AS prompts"))
                .prompts();

        assertThat(prompts.get(0).truth()).isNull();
        assertThat(prompts.get(0).requireUsable()).isEqualTo(PromptTask.REFERRING);
        assertThat(prompts.get(1).truth()).isEqualTo(new Truth(true, List.of()));
        assertThat(prompts.get(2).truth().masks()).hasSize(1);
        assertUnreadable(prompts.get(3), "both", "the truth has no_target and 1 masks");
    }

    private static String judged(String id, String noTarget, String masks) {
        return "named_struct('prompt_id', '" + id + "', 'task', 'referring', 'texts', array('a'), 'truth',"
                + " named_struct('no_target', cast(" + noTarget + " as boolean), 'masks', cast(" + masks
                + " as array<struct<mask:struct<size:array<int>,counts:string>>>)))";
    }

    private static String prompt(String id, String texts, String mask) {
        return "named_struct('prompt_id', '" + id + "', 'task', 'referring', 'texts', " + texts
                + ", 'truth', named_struct('masks', array(named_struct('mask', cast(" + mask
                + " AS struct<size:array<bigint>,counts:string>)))))";
    }

    private static void assertUnreadable(PromptRow prompt, String id, String message) {
        assertThat(prompt.promptId()).isEqualTo(id);
        assertThatThrownBy(prompt::requireUsable)
                .isInstanceOfSatisfying(RowFailure.class, failure -> {
                    assertThat(failure.stage()).isEqualTo(Stage.READ);
                    assertThat(failure.kind()).isEqualTo("bad-value");
                })
                .hasMessage(message);
    }

    @Test
    void saysWhatARowLacks() {
        ImageRow nothing = new ImageRow(null, null, null, List.of(), null, null, null);
        ImageRow neither = new ImageRow("i", null, null, List.of(), null, null, null);
        ImageRow both = new ImageRow("i", new byte[0], "x.jpg", List.of(), null, null, null);

        assertThatThrownBy(nothing::requireUsable).hasMessage("the row has no image_id");
        assertThatThrownBy(neither::requireUsable)
                .hasMessage("image i needs exactly one of image and image_uri, and has neither");
        assertThatThrownBy(both::requireUsable).hasMessageEndingWith("has both");
        assertThatThrownBy(new PromptRow("p", "sing", List.of(), null, List.of(), null)::requireUsable)
                .hasMessage("prompt p has the task 'sing'; known are referring, panoptic, instance, semantic, region");
        assertThatThrownBy(new PromptRow(null, "region", List.of(), null, List.of(), null)::requireUsable)
                .hasMessage("the prompt has no prompt_id");
        assertThatThrownBy(PromptRow.referring("p", List.of(), null)::requireUsable)
                .hasMessage("referring prompt p has no texts");
    }

    @Test
    void aMaskIsDecodedOrSaysWhy() {
        EncodedMask twelve = EncodedMask.of(new Rle(3, 4, new int[] {5, 7}));

        assertThat(twelve).isEqualTo(MASK);
        assertThat(twelve.decode().area()).isEqualTo(7);
        assertThatThrownBy(new EncodedMask(List.of(3), "57")::decode)
                .isInstanceOf(InvalidRleException.class)
                .hasMessage("a mask needs a size of two numbers and counts, and has [3] and counts");
        assertThatThrownBy(new EncodedMask(List.of(3, 4), null)::decode).isInstanceOf(InvalidRleException.class);
        assertThatThrownBy(new EncodedMask(4, 4, "57")::decode).isInstanceOf(InvalidRleException.class);
    }

    @Test
    void hasTheContractsShape() {
        assertThat(DatasetSchema.struct().fieldNames())
                .containsExactly("image_id", "image", "image_uri", "prompts", "split", "source", "licence");
        assertThat(DatasetSchema.struct().apply("prompts").dataType().simpleString())
                .isEqualTo("array<struct<prompt_id:string,task:string,texts:array<string>,class_set:string,"
                        + "regions:array<struct<kind:string,coordinates:array<double>,mask:struct<size:array<int>,"
                        + "counts:string>,image_id:string>>,truth:struct<no_target:boolean,masks:array<struct<mask:"
                        + "struct<size:array<int>,counts:string>,category_id:int,is_crowd:boolean,annotation_id:bigint,"
                        + "area:bigint,region:int>>,ignore:struct<size:array<int>,counts:string>>>>");
        assertThat(DatasetSchema.struct().apply("image").dataType()).isEqualTo(DataTypes.BinaryType);
    }

    private static ImageRow only(Dataset<Row> rows) throws RowFailure {
        return ImageRowReader.of(rows.schema(), "test")
                .read(rows.collectAsList().get(0));
    }

    private static SparkSession spark() {
        return TestSpark.session();
    }
}
