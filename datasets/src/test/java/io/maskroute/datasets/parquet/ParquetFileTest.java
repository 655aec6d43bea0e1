package io.maskroute.datasets.parquet;

import static io.maskroute.datasets.parquet.Layout.bytes;
import static io.maskroute.datasets.parquet.Layout.empty;
import static io.maskroute.datasets.parquet.Layout.further;
import static io.maskroute.datasets.parquet.Layout.int64;
import static io.maskroute.datasets.parquet.Layout.list;
import static io.maskroute.datasets.parquet.Layout.struct;
import static io.maskroute.datasets.parquet.Layout.text;
import static io.maskroute.datasets.parquet.WantedColumns.identifier;
import static io.maskroute.datasets.parquet.WantedColumns.matching;
import static io.maskroute.datasets.parquet.WantedColumns.optional;
import static io.maskroute.datasets.parquet.WantedColumns.required;
import static org.apache.parquet.schema.LogicalTypeAnnotation.intType;
import static org.apache.parquet.schema.Type.Repetition.OPTIONAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.datasets.parquet.Layout.Column;
import io.maskroute.datasets.schema.DatasetSchema;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.Util;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetFileTest {
    private static final Path OTHER_WRITERS = Path.of("src/test/resources/data/parquet");
    private static final WantedColumns DATASET = new WantedColumns(DatasetSchema.reading(), "does not fit a dataset")
            .only("image_id", "image", "image_uri", "prompts");
    private static final Configuration HADOOP = new Configuration();

    private static final WantedColumns SIMPLE = new WantedColumns(
            WantedColumns.struct(
                    required("id", DataTypes.StringType),
                    optional("data", DataTypes.BinaryType),
                    optional(
                            "parts",
                            WantedColumns.list(WantedColumns.struct(
                                    required("name", DataTypes.StringType), optional("size", DataTypes.LongType))))),
            "is nothing of mine");

    @TempDir
    private Path folder;

    private static List<Column> simple(Column... more) {
        List<Column> columns = new ArrayList<>(List.of(
                text("id"),
                bytes("data"),
                list(
                        "parts",
                        "list",
                        struct("element", OPTIONAL, List.of(text("name"), int64("size", null, OPTIONAL))))));
        columns.addAll(List.of(more));
        return columns;
    }

    private static Map<String, Object> simpleRow(int number) {
        byte[] data = new byte[200];
        Arrays.fill(data, (byte) number);
        return Map.of(
                "id",
                "row " + number,
                "data",
                data,
                "parts",
                List.of(Map.of("name", "x" + number, "size", (long) number), Map.of("name", "y")));
    }

    private static List<Map<String, Object>> simpleRows(int count) {
        return Stream.iterate(0, i -> i + 1)
                .limit(count)
                .map(ParquetFileTest::simpleRow)
                .toList();
    }

    private static List<Object> expected(List<Map<String, Object>> rows, WantedColumns wanted) {
        return rows.stream().map(row -> Values.comparable(row, wanted.rows())).toList();
    }

    private DataFile simpleFile(int rows, UnaryOperator<ExampleParquetWriter.Builder> settings) throws IOException {
        return Layout.write(folder.resolve("p.parquet"), simple(), simpleRows(rows), settings);
    }

    static List<String> furtherColumns() {
        return FurtherColumns.NAMES;
    }

    @ParameterizedTest
    @MethodSource("furtherColumns")
    void aFurtherColumnOfAnyTypeIsPassedOverEverywhere(String name) throws Exception {
        Column more = further(FurtherColumns.type(name));
        List<Column> columns = List.of(
                more,
                text("id"),
                list(
                        "parts",
                        "list",
                        struct("element", OPTIONAL, List.of(text("name"), more, int64("size", null, OPTIONAL)))),
                bytes("data"));

        DataFile file = Layout.write(folder.resolve("p.parquet"), columns, simpleRows(3));

        assertThat(Values.read(file, SIMPLE)).isEqualTo(expected(simpleRows(3), SIMPLE));
    }

    @Test
    void twoFurtherColumnsMayDifferByCaseAlone() throws Exception {
        DataFile file = Layout.write(
                folder.resolve("p.parquet"),
                simple(further(FurtherColumns.type("Alike")), further(FurtherColumns.type("alike"))),
                simpleRows(1));

        assertThat(Values.read(file, SIMPLE)).isEqualTo(expected(simpleRows(1), SIMPLE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pyarrow-plain", "pyarrow-large-types", "pyarrow-dictionary", "pyarrow-zstd", "pyarrow-gzip",
                        "pyarrow-lz4",
                "pyarrow-snappy", "pyarrow-delta", "pyarrow-split", "pyarrow-further", "duckdb-further",
                        "polars-further"
            })
    void whatOtherWritersWriteIsReadAlike(String name) throws Exception {
        Map<String, Object> mask = Map.of(
                "mask",
                Map.of("size", List.of(3L, 4L), "counts", "57"),
                "category_id",
                3L,
                "is_crowd",
                false,
                "annotation_id",
                7L);
        List<Map<String, Object>> rows = List.of(
                Map.of(
                        "image_id",
                        "a",
                        "image_uri",
                        "a.png",
                        "prompts",
                        List.of(
                                Map.of(
                                        "prompt_id",
                                        "a1",
                                        "task",
                                        "referring",
                                        "texts",
                                        List.of("the red car"),
                                        "truth",
                                        Map.of("no_target", false, "masks", List.of(mask))),
                                Map.of("prompt_id", "a2", "task", "referring", "texts", List.of("x", "y")))),
                Map.of("image_id", "b", "image_uri", "b.png", "prompts", List.of()));

        assertThat(Values.read(otherWriters(name), DATASET)).isEqualTo(expected(rows, DATASET));
    }

    @Test
    void aRowGroupWithoutRowsIsNotLookedInto() throws Exception {
        assertThat(Values.read(otherWriters("pyarrow-empty"), DATASET)).isEmpty();
    }

    private static DataFile otherWriters(String name) throws IOException {
        return Layout.listed(OTHER_WRITERS.resolve(name + ".parquet"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    pyarrow-brotli | cannot be read: the column image_id is compressed with BROTLI, which this program does not read. Write it with zstd, snappy, gzip or lz4
                    pyarrow-encrypted-footer | cannot be read: it is encrypted, and this program has no keys. Write it without encryption
                    pyarrow-encrypted-column | cannot be read: the column image_uri is encrypted, and this program has no keys. Write it without encryption
                    pyarrow-case | does not fit a dataset: the column image_id is there 2 times (image_id, Image_ID). Leave one, or give the others names that differ by more than case
                    pyarrow-twice | does not fit a dataset: the column image_id is there 2 times (image_id, image_id). Leave one, or give the others names that differ by more than case
                    """)
    void whatIsNotReadIsNamed(String name, String why) throws IOException {
        DataFile file = otherWriters(name);

        assertRefused(file, DATASET, file.path() + " " + why);
    }

    private static void assertRefused(DataFile file, WantedColumns wanted, String message) {
        assertThatThrownBy(() -> Values.read(file, wanted))
                .isInstanceOf(UnreadableFileException.class)
                .hasMessage(message);
    }

    @Test
    void ofColumnsThatNobodyWantsNothingIsReadAtAll() throws Exception {
        DataFile whole = simpleFile(50, writer -> writer.withCompressionCodec(CompressionCodecName.ZSTD));
        WantedColumns names = SIMPLE.only("id", "parts.name");
        List<Object> before = Values.read(whole, names);

        DataFile patched = patched(whole, footer -> footer.getRow_groups().forEach(group -> {
            // Such a codec, such a place: who asked for it would hear of it.
            group.getColumns().get(1).getMeta_data().setCodec(CompressionCodec.LZO);
            group.getColumns().get(3).getMeta_data().setData_page_offset(1L << 40);
        }));

        assertThat(Values.read(patched, names)).isEqualTo(before).hasSize(50);
        assertRefused(
                patched,
                SIMPLE.only("id", "data"),
                patched.path() + " cannot be read: the column data is compressed with LZO, which this program does not"
                        + " read. Write it with zstd, snappy, gzip or lz4");
        assertThatThrownBy(() -> Values.read(patched, SIMPLE.only("id", "parts")))
                .hasMessageContaining("its footer says that the column parts[].size has ")
                .hasMessageContaining("bytes from byte 1099511627776 on, but the file has " + patched.bytes());
    }

    private static Path local(DataFile file) {
        return Path.of(new org.apache.hadoop.fs.Path(file.path()).toUri().getPath());
    }

    private static FileMetaData footer(DataFile file) throws IOException {
        byte[] bytes = Files.readAllBytes(local(file));
        int start = startOfFooter(bytes);
        return Util.readFileMetaData(new ByteArrayInputStream(bytes, start, bytes.length - 8 - start));
    }

    private static int startOfFooter(byte[] bytes) {
        int end = bytes.length - 8;
        return end - ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
    }

    private static DataFile patched(DataFile file, Consumer<FileMetaData> change) throws IOException {
        FileMetaData footer = footer(file);
        change.accept(footer);
        byte[] bytes = Files.readAllBytes(local(file));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes, 0, startOfFooter(bytes));
        Util.writeFileMetaData(footer, out);
        out.write(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(out.size() - startOfFooter(bytes))
                .array());
        out.write("PAR1".getBytes(StandardCharsets.US_ASCII));
        Files.write(local(file), out.toByteArray());
        return Layout.listed(local(file));
    }

    @Test
    void anySliceOfARowGroupCanBeRead() throws Exception {
        DataFile file = simpleFile(40, writer -> writer.withRowGroupSize(2000L)
                .withMinRowCountForPageSizeCheck(1)
                .withMaxRowCountForPageSizeCheck(3));
        List<Object> all = Values.read(file, SIMPLE);
        assertThat(all).isEqualTo(expected(simpleRows(40), SIMPLE));

        try (ParquetFile open = ParquetFile.open(file, SIMPLE, HADOOP)) {
            assertThat(open.rowGroups()).hasSizeGreaterThan(2);
            int before = 0;
            for (int group = 0; group < open.rowGroups().size(); group++) {
                int rows = (int) open.rowGroups().get(group).rows();
                for (int first = 0; first <= rows; first++) {
                    for (int count = 0; count <= rows - first; count++) {
                        List<Object> slice = new ArrayList<>();
                        open.rows(new RowSlice(file, group, first, count))
                                .forEachRemaining(row -> slice.add(Values.comparable(row, SIMPLE.rows())));
                        assertThat(slice).isEqualTo(all.subList(before + first, before + first + count));
                    }
                }
                before += rows;
            }
        }
    }

    @Test
    void rowsComeOneByOne() throws Exception {
        DataFile file = simpleFile(200, writer -> writer.withPageSize(1000)
                .withMinRowCountForPageSizeCheck(1)
                .withMaxRowCountForPageSizeCheck(1)
                .withCompressionCodec(CompressionCodecName.GZIP)
                .withPageWriteChecksumEnabled(false));
        ColumnMetaData data =
                footer(file).getRow_groups().get(0).getColumns().get(1).getMeta_data();
        damage(file, (int) (data.getData_page_offset() + data.getTotal_compressed_size()) - 20);

        // The last pages make no sense, which the first rows do not suffer from.
        try (ParquetFile open = ParquetFile.open(file, SIMPLE, HADOOP)) {
            Iterator<Row> rows = open.rows(new RowSlice(file, 0, 0, 200));
            for (int i = 0; i < 100; i++) {
                assertThat(rows.next().getString(0)).isEqualTo("row " + i);
            }
            assertThatThrownBy(() -> rows.forEachRemaining(row -> {}))
                    .isInstanceOf(UnreadableFileException.class)
                    .hasMessageStartingWith(file.path() + " cannot be read: row group 0: ")
                    .hasMessageEndingWith(". Restore the file or write it again");
        }
    }

    /** Nothing but the checksum tells them from the right ones. */
    @Test
    void otherBytesAreNotTakenForTheRightOnes() throws Exception {
        DataFile file = simpleFile(200, writer -> writer);
        ColumnMetaData data =
                footer(file).getRow_groups().get(0).getColumns().get(1).getMeta_data();
        damage(file, (int) (data.getData_page_offset() + data.getTotal_compressed_size()) - 20);

        assertRefused(
                file,
                SIMPLE,
                file.path() + " cannot be read: row group 0: could not verify page integrity, CRC checksum verification"
                        + " failed. Restore the file or write it again");
        assertThat(Values.read(file, SIMPLE.only("id", "parts"))).hasSize(200);
    }

    private static void damage(DataFile file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(local(file));
        Arrays.fill(bytes, at, at + 10, (byte) 0x55);
        Files.write(local(file), bytes);
    }

    static List<Arguments> damages() {
        UnaryOperator<byte[]> footer = bytes -> {
            Arrays.fill(bytes, bytes.length - 60, bytes.length - 8, (byte) 0x77);
            return bytes;
        };
        UnaryOperator<byte[]> length = bytes -> {
            bytes[bytes.length - 6] = 0x7f;
            return bytes;
        };
        UnaryOperator<byte[]> pages = bytes -> {
            Arrays.fill(bytes, 4, 200, (byte) 0x77);
            return bytes;
        };
        return List.of(
                Arguments.of("empty", (UnaryOperator<byte[]>) bytes -> new byte[0], "is no Parquet file: it is empty"),
                Arguments.of(
                        "cut short",
                        (UnaryOperator<byte[]>) bytes -> Arrays.copyOf(bytes, bytes.length / 2),
                        "is no Parquet file: it does not end with PAR1 (was its writing or copying cut short?)"),
                Arguments.of(
                        "a few bytes",
                        (UnaryOperator<byte[]>) bytes -> Arrays.copyOf(bytes, 7),
                        "is no Parquet file: it has only 7 bytes"),
                Arguments.of("footer", footer, "cannot be read: its footer: "),
                Arguments.of(
                        "length of the footer", length, "is no Parquet file: its footer would be larger than the file"),
                Arguments.of("pages", pages, "cannot be read: row group 0: "),
                Arguments.of(
                        "front cut off",
                        (UnaryOperator<byte[]>) bytes -> Arrays.copyOfRange(bytes, bytes.length / 2, bytes.length),
                        "cannot be read: "));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void whatIsDamagedIsSaidInOneLine(String name, UnaryOperator<byte[]> damage, String why) throws IOException {
        simpleFile(20, writer -> writer);
        Path path = folder.resolve("p.parquet");
        Files.write(path, damage.apply(Files.readAllBytes(path)));
        DataFile file = Layout.listed(path);

        assertThatThrownBy(() -> Values.read(file, SIMPLE))
                .isInstanceOf(UnreadableFileException.class)
                .hasMessageStartingWith(file.path() + " " + why)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1))
                .satisfies(e -> assertThat(e.getStackTrace()).isEmpty());
    }

    @Test
    void aFileThatIsGoneSinceItWasListedIsNamed() throws IOException {
        DataFile file = simpleFile(1, writer -> writer);
        Files.delete(folder.resolve("p.parquet"));

        assertRefused(
                file,
                SIMPLE,
                file.path() + " is gone; was the folder changed meanwhile? Restore it, or give the command again");
    }

    static List<Arguments> wrongTypes() {
        return List.of(
                wrong(text("data"), "data", "text", "bytes"),
                wrong(int64("data", null, OPTIONAL), "data", "int64", "bytes"),
                wrong(further(FurtherColumns.type("timestamp_ns")), "data", "int64 (timestamp)", "bytes"),
                wrong(further(FurtherColumns.type("uuid")), "data", "16 bytes (uuid)", "bytes"),
                wrong(further(FurtherColumns.type("struct")), "data", "struct<times, id>", "bytes"),
                wrong(further(FurtherColumns.type("map")), "data", "map", "bytes"),
                wrong(list("data", "list", text("element")), "data", "list<text>", "bytes"),
                wrong(text("parts"), "parts", "text", "list<struct<name, size>>"),
                wrong(list("parts", "list", text("element")), "parts[]", "text", "struct<name, size>"),
                wrong(further(FurtherColumns.type("map")), "parts", "map", "list<struct<name, size>>"));
    }

    private static Arguments wrong(Column column, String path, String found, String expected) {
        return Arguments.of(column, path, found, expected);
    }

    @ParameterizedTest(name = "{1}: {2}")
    @MethodSource("wrongTypes")
    void aWantedColumnOfAnotherTypeIsNamed(Column column, String path, String found, String expected)
            throws IOException {
        String top = path.replace("[]", "");
        Object value =
                switch (found) {
                    case "list<text>" -> List.of("x");
                    case "int64" -> 1L;
                    default -> path.endsWith("[]") ? List.of("x") : "x";
                };
        DataFile file = Layout.write(
                folder.resolve("p.parquet"),
                List.of(text("id"), renamed(column, top)),
                List.of(Map.of("id", "1", top, value)));

        assertRefused(
                file,
                SIMPLE,
                file.path() + " is nothing of mine: the column " + path + " has the type " + found + ", expected "
                        + expected + ". Write it as that, or under another name if it is something else");
    }

    private static Column renamed(Column column, String name) {
        return column.name().equals(name) ? column : further(Layout.named(column.type(), name));
    }

    @Test
    void ofAnotherTypeWithoutValuesAColumnIsEmpty() throws Exception {
        Map<String, Object> row = Map.of("id", "1");
        for (Column parts : List.of(empty("parts"), list("parts", "list", empty("element")), text("parts"))) {
            DataFile file = Layout.write(
                    folder.resolve("p.parquet"),
                    List.of(text("id"), int64("data", intType(64), OPTIONAL), parts),
                    List.of(row, row),
                    writer -> writer.withDictionaryEncoding(false));

            assertThat(Values.read(file, SIMPLE)).isEqualTo(expected(List.of(row, row), SIMPLE));
            Files.delete(folder.resolve("p.parquet"));
        }
    }

    /** Statistics are optional: without them a wrong type is seen at the first value. */
    @Test
    void aWrongTypeIsNamedWithoutStatistics() throws Exception {
        DataFile file = Layout.write(
                folder.resolve("p.parquet"),
                List.of(text("id"), int64("data", null, OPTIONAL)),
                List.of(Map.of("id", "1"), Map.of("id", "2", "data", 7L)));
        DataFile without = patched(file, footer -> footer.getRow_groups()
                .get(0)
                .getColumns()
                .get(1)
                .getMeta_data()
                .unsetStatistics());

        assertRefused(
                without,
                SIMPLE,
                file.path()
                        + " is nothing of mine: the column data has the type int64, expected bytes. Write it as that,"
                        + " or under another name if it is something else");
    }

    @Test
    void aColumnThatIsMissingIsNamedWithThoseThatAreThere() throws IOException {
        DataFile file = Layout.write(
                folder.resolve("p.parquet"), List.of(text("ID"), bytes("data")), List.of(Map.of("ID", "1")));

        assertRefused(
                file,
                SIMPLE,
                file.path()
                        + " is nothing of mine: the column id is missing (found: ID, data). docs/formats.md shows how such a"
                        + " file is written");

        DataFile inner = Layout.write(
                folder.resolve("q.parquet"),
                List.of(
                        text("id"),
                        list("parts", "list", struct("element", OPTIONAL, List.of(int64("size", null, OPTIONAL))))),
                List.of(Map.of("id", "1")));

        assertThatThrownBy(() -> Values.read(inner, SIMPLE))
                .hasMessageContaining("the column parts[].name is missing (found: size)");
    }

    @Test
    void identifiersMayBeNumbersAndOtherTextMayNot() throws Exception {
        DataFile file = Layout.write(
                folder.resolve("p.parquet"), List.of(int64("id", null, OPTIONAL)), List.of(Map.of("id", 7L)));
        WantedColumns numbers = new WantedColumns(WantedColumns.struct(identifier("id")), "is nothing of mine");

        assertThat(Values.read(file, numbers)).isEqualTo(List.of(Map.of("id", "7")));
        assertThatThrownBy(() -> Values.read(file, SIMPLE.only("id")))
                .hasMessageContaining("the column id has the type int64, expected text");
    }

    @ParameterizedTest
    @ValueSource(strings = {"timestamp_ns", "struct", "map", "repeated", "uint64"})
    void whatNeedNotMatchIsPassedOver(String type) throws Exception {
        DataType times =
                WantedColumns.struct(optional("times", DataTypes.StringType), optional("id", DataTypes.StringType));
        WantedColumns wanted = new WantedColumns(
                WantedColumns.struct(required("id", DataTypes.StringType), matching("flops", times)),
                "is nothing of mine");
        DataFile file = Layout.write(
                folder.resolve("p.parquet"),
                List.of(text("id"), further(Layout.named(FurtherColumns.type(type), "flops"))),
                List.of(Map.of("id", "1")));

        assertThat(Values.read(file, wanted)).isEqualTo(expected(List.of(Map.of("id", "1")), wanted));
        try (ParquetFile open = ParquetFile.open(file, wanted, HADOOP)) {
            assertThat(open.found()).containsExactly("id");
        }
    }
}
