package io.maskroute.datasets.parquet;

import static io.maskroute.datasets.parquet.Layout.bool;
import static io.maskroute.datasets.parquet.Layout.bytes;
import static io.maskroute.datasets.parquet.Layout.empty;
import static io.maskroute.datasets.parquet.Layout.float32;
import static io.maskroute.datasets.parquet.Layout.float64;
import static io.maskroute.datasets.parquet.Layout.int32;
import static io.maskroute.datasets.parquet.Layout.int64;
import static io.maskroute.datasets.parquet.Layout.list;
import static io.maskroute.datasets.parquet.Layout.struct;
import static io.maskroute.datasets.parquet.Layout.text;
import static org.apache.parquet.schema.LogicalTypeAnnotation.intType;
import static org.apache.parquet.schema.Type.Repetition.OPTIONAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.parquet.Layout.Column;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files of a dataset that differ in their columns, together, whichever comes first. */
class ParquetTableTest {
    private static final WantedColumns DATASET = new WantedColumns(DatasetSchema.reading(), "does not fit a dataset")
            .only("image_id", "image", "image_uri", "prompts");

    @TempDir
    private Path folder;

    /** The columns of a dataset by their paths; a list's element goes by the list's name and []. */
    private static Map<String, Column> plain() {
        Map<String, Column> columns = new LinkedHashMap<>();
        for (String path : List.of(
                "image_id",
                "image_uri",
                "prompts[].prompt_id",
                "prompts[].task",
                "prompts[].class_set",
                "prompts[].texts[]",
                "prompts[].regions[].kind",
                "prompts[].truth.masks[].mask.counts")) {
            columns.put(path, text(last(path)));
        }
        columns.put("image", bytes("image"));
        columns.put("prompts[].regions[].coordinates[]", float64("element", OPTIONAL));
        columns.put("prompts[].truth.no_target", bool("no_target"));
        columns.put("prompts[].truth.masks[].mask.size[]", int32("element", null, OPTIONAL));
        columns.put("prompts[].truth.masks[].category_id", int32("category_id", null, OPTIONAL));
        columns.put("prompts[].truth.masks[].is_crowd", bool("is_crowd"));
        columns.put("prompts[].truth.masks[].annotation_id", int64("annotation_id", null, OPTIONAL));
        return columns;
    }

    private static String last(String path) {
        return path.endsWith("[]") ? "element" : path.substring(path.lastIndexOf('.') + 1);
    }

    /** The tree of columns below a path. */
    private static List<Column> tree(Map<String, Column> columns, String below) {
        Map<String, Column> made = new LinkedHashMap<>();
        for (String path : columns.keySet()) {
            if (!path.startsWith(below)) {
                continue;
            }
            String rest = path.substring(below.length());
            String name = rest.split("[.\\[]", 2)[0];
            if (!made.containsKey(name)) {
                made.put(name, column(columns, below + name, name));
            }
        }
        return List.copyOf(made.values());
    }

    private static Column column(Map<String, Column> columns, String path, String name) {
        if (columns.containsKey(path)) {
            return columns.get(path);
        }
        if (columns.keySet().stream().anyMatch(other -> other.startsWith(path + "[]"))) {
            return list(name, "list", column(columns, path + "[]", "element"));
        }
        return struct(name, OPTIONAL, tree(columns, path + "."));
    }

    private static Map<String, Object> row(String id, boolean full) {
        Map<String, Object> mask = Map.of(
                "mask",
                Map.of("size", List.of(3L, 4L), "counts", "57"),
                "category_id",
                7L,
                "is_crowd",
                false,
                "annotation_id",
                9L);
        Map<String, Object> prompt =
                new HashMap<>(Map.of("prompt_id", id + "-0", "task", "referring", "texts", List.of("a", "b")));
        if (full) {
            prompt.put("class_set", "coco");
            prompt.put("regions", List.of(Map.of("kind", "point", "coordinates", List.of(1.5, 2.0))));
            prompt.put("truth", Map.of("no_target", false, "masks", List.of(mask)));
        }
        Map<String, Object> row = new HashMap<>(Map.of("image_id", id, "prompts", List.of(prompt)));
        row.put(full ? "image" : "image_uri", full ? new byte[] {1, 2} : "x.png");
        return row;
    }

    private static Arguments pair(String name, UnaryOperator<Map<String, Column>> change, boolean full) {
        return Arguments.of(name, change.apply(plain()), row("b", full));
    }

    private static UnaryOperator<Map<String, Column>> without(String path) {
        return columns -> {
            columns.keySet()
                    .removeIf(other ->
                            other.equals(path) || other.startsWith(path + ".") || other.startsWith(path + "["));
            return columns;
        };
    }

    private static UnaryOperator<Map<String, Column>> with(String path, Column column) {
        return columns -> {
            without(path).apply(columns).put(path, column);
            return columns;
        };
    }

    static List<Arguments> pairs() {
        String truth = "prompts[].truth";
        String mask = truth + ".masks[]";
        return List.of(
                pair("truth missing", without(truth), false),
                pair("truth without a type", with(truth, empty("truth")), false),
                pair("image_uri missing", without("image_uri"), true),
                pair("image missing", without("image"), false),
                pair("image without a type", with("image", empty("image")), false),
                pair("regions missing", without("prompts[].regions"), false),
                pair("regions without a type", with("prompts[].regions[]", empty("element")), false),
                pair("class_set without a type", with("prompts[].class_set", empty("class_set")), false),
                pair("category_id of 64 bits", with(mask + ".category_id", int64("category_id", null, OPTIONAL)), true),
                pair(
                        "annotation_id of 8 bits",
                        with(mask + ".annotation_id", int32("annotation_id", intType(8), OPTIONAL)),
                        true),
                pair(
                        "size of 64 bits, unsigned",
                        with(mask + ".mask.size[]", int64("element", intType(64, false), OPTIONAL)),
                        true),
                pair("ids as bytes", with("image_id", text("image_id", null)), true),
                pair("counts as bytes", with(mask + ".mask.counts", text("counts", null)), true),
                pair("coordinates of 32 bits", with("prompts[].regions[].coordinates[]", float32("element")), true),
                pair("no_target missing", without(truth + ".no_target"), false),
                pair(
                        "columns in another order",
                        columns -> {
                            List<String> paths = new ArrayList<>(columns.keySet());
                            java.util.Collections.reverse(paths);
                            Map<String, Column> reversed = new LinkedHashMap<>();
                            paths.forEach(path -> reversed.put(path, columns.get(path)));
                            return reversed;
                        },
                        true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pairs")
    void twoFilesGiveTheRowsOfOneInEitherOrder(String name, Map<String, Column> other, Map<String, Object> row)
            throws Exception {
        Map<String, Object> first = row("a", true);
        Layout.write(folder.resolve("plain/p.parquet"), tree(plain(), ""), List.of(first, row));
        List<Object> expected = rows(folder.resolve("plain"));
        assertThat(expected).hasSize(2);
        for (boolean otherFirst : new boolean[] {false, true}) {
            Path both = folder.resolve("both" + otherFirst);
            Layout.write(both.resolve(otherFirst ? "1.parquet" : "0.parquet"), tree(plain(), ""), List.of(first));
            Layout.write(both.resolve(otherFirst ? "0.parquet" : "1.parquet"), tree(other, ""), List.of(row));

            assertThat(rows(both)).isEqualTo(otherFirst ? List.of(expected.get(1), expected.get(0)) : expected);
        }
    }

    /** Of a file in which every prompts is []. */
    @Test
    void aFileWithoutAnyPromptsNeedsNoTypeOfThem() throws Exception {
        Layout.write(
                folder.resolve("0.parquet"),
                List.of(text("image_id"), text("image_uri"), list("prompts", "list", empty("element"))),
                List.of(Map.of("image_id", "a", "image_uri", "x", "prompts", List.of())));
        Layout.write(folder.resolve("1.parquet"), tree(plain(), ""), List.of(row("b", true)));

        List<Row> rows = table(folder).read(DATASET).collect();

        ImageRowReader reader = ImageRowReader.of(DATASET.rows(), "d");
        assertThat(reader.read(rows.get(0)).prompts()).isEmpty();
        assertThat(reader.read(rows.get(1)).prompts()).hasSize(1);
    }

    private static ParquetTable table(Path folder) throws IOException {
        return ParquetTable.open(
                TestSpark.session(),
                ParquetFolder.list(folder.toString(), new Configuration()).files(),
                DATASET);
    }

    /** Through a data frame, and so Spark's own form of the rows, too. */
    private static List<Object> rows(Path folder) throws IOException {
        ParquetTable table = table(folder);
        List<Object> rows = table.read(DATASET).collect().stream()
                .map(row -> Values.comparable(row, DATASET.rows()))
                .toList();
        assertThat(table.frame(DATASET).collectAsList().stream()
                        .map(row -> Values.comparable(row, DATASET.rows()))
                        .toList())
                .isEqualTo(rows);
        assertThat(table.rowGroups().stream().mapToLong(RowSlice::count).sum()).isEqualTo(rows.size());
        return rows;
    }

    @Test
    void whatNoFileHasIsKnown() throws Exception {
        Layout.write(
                folder.resolve("0.parquet"),
                tree(without("prompts[].truth").apply(plain()), ""),
                List.of(row("a", false)));
        assertThat(table(folder).has("prompts[].truth")).isFalse();

        Layout.write(folder.resolve("1.parquet"), tree(plain(), ""), List.of(row("b", true)));

        assertThat(table(folder).has("prompts[].truth.masks[].mask.size")).isTrue();
    }

    @Test
    void rowsAreFoundByTheirIds() throws Exception {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            rows.add(row("r" + i, i % 2 == 0));
        }
        Layout.write(
                folder.resolve("0.parquet"), tree(plain(), ""), rows.subList(0, 20), writer -> writer.withRowGroupSize(
                                2000L)
                        .withMinRowCountForPageSizeCheck(1)
                        .withMaxRowCountForPageSizeCheck(3));
        Layout.write(folder.resolve("1.parquet"), tree(plain(), ""), rows.subList(20, 30));
        ParquetTable table = table(folder);

        List<RowSlice> places = table.find(DATASET.only("image_id"), Set.of("r3", "r17", "r25", "none"));

        assertThat(table.read(DATASET, places).collect())
                .extracting(row -> Values.comparable(row, DATASET.rows()))
                .containsExactly(
                        Values.comparable(rows.get(3), DATASET.rows()),
                        Values.comparable(rows.get(17), DATASET.rows()),
                        Values.comparable(rows.get(25), DATASET.rows()));
    }

    @Test
    void filesThatCannotBeReadAreCountedAndTheFirstIsNamed() throws Exception {
        Layout.write(folder.resolve("0.parquet"), tree(plain(), ""), List.of(row("a", true)));
        for (String name : List.of("1", "2", "3")) {
            Files.writeString(folder.resolve(name + ".parquet"), "no Parquet file at all");
        }

        assertThatThrownBy(() -> table(folder))
                .isInstanceOf(UnreadableFileException.class)
                .hasMessage(
                        "file:" + folder
                                + "/1.parquet is no Parquet file: it does not end with PAR1 (was its writing or"
                                + " copying cut short?). Restore it, write it again, or take it away (and 2 other files likewise)");
    }

    @Test
    void aFileWithoutRowsGivesNone() throws Exception {
        Layout.write(folder.resolve("0.parquet"), tree(plain(), ""), List.of());

        assertThat(rows(folder)).isEmpty();
    }
}
