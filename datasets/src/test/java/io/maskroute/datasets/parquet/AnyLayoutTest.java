package io.maskroute.datasets.parquet;

import static io.maskroute.datasets.parquet.Layout.bareList;
import static io.maskroute.datasets.parquet.Layout.bool;
import static io.maskroute.datasets.parquet.Layout.bytes;
import static io.maskroute.datasets.parquet.Layout.decimal;
import static io.maskroute.datasets.parquet.Layout.empty;
import static io.maskroute.datasets.parquet.Layout.fixed;
import static io.maskroute.datasets.parquet.Layout.float32;
import static io.maskroute.datasets.parquet.Layout.float64;
import static io.maskroute.datasets.parquet.Layout.further;
import static io.maskroute.datasets.parquet.Layout.half;
import static io.maskroute.datasets.parquet.Layout.int32;
import static io.maskroute.datasets.parquet.Layout.int64;
import static io.maskroute.datasets.parquet.Layout.list;
import static io.maskroute.datasets.parquet.Layout.shortList;
import static io.maskroute.datasets.parquet.Layout.struct;
import static io.maskroute.datasets.parquet.Layout.text;
import static org.apache.parquet.schema.LogicalTypeAnnotation.intType;
import static org.apache.parquet.schema.Type.Repetition.OPTIONAL;
import static org.apache.parquet.schema.Type.Repetition.REPEATED;
import static org.apache.parquet.schema.Type.Repetition.REQUIRED;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.parquet.Layout.Column;
import io.maskroute.datasets.schema.DatasetSchema;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random datasets, each file laid out as some writer might: the rows are the same as if all had been laid out plainly. */
class AnyLayoutTest {
    private static final int DATASETS = 300;
    private static final WantedColumns WANTED = new WantedColumns(DatasetSchema.reading(), "does not fit");
    private static final List<CompressionCodecName> CODECS = List.of(
            CompressionCodecName.UNCOMPRESSED,
            CompressionCodecName.SNAPPY,
            CompressionCodecName.GZIP,
            CompressionCodecName.ZSTD,
            CompressionCodecName.LZ4,
            CompressionCodecName.LZ4_RAW);
    private static final List<String> FOLDERS = List.of(
            "", "a", "split=val", "image_id=007", "a b/c", "x[1]", "{y}", "z?", "w*", "q\\r", "ü", "1:2", "#%20+");

    @TempDir
    private Path folder;

    static Stream<Integer> seeds() {
        return Stream.iterate(0, seed -> seed + 10).limit(DATASETS / 10);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theRowsAreThoseOfThePlainLayout(int first) throws Exception {
        for (int seed = first; seed < first + 10; seed++) {
            Random random = new Random(seed);
            Path root = folder.resolve("d" + seed);
            Map<String, List<Object>> expected = new TreeMap<>();
            int files = 1 + random.nextInt(4);
            for (int i = 0; i < files; i++) {
                List<Map<String, Object>> rows = rows(random);
                Path file = root.resolve(pick(random, FOLDERS)).resolve("part-" + i + ".parquet");
                DataFile written = write(random, file, rows);
                expected.put(
                        written.path(),
                        rows.stream()
                                .map(row -> Values.comparable(row, WANTED.rows()))
                                .toList());
            }
            distract(random, root);

            Map<String, List<Object>> read = new TreeMap<>();
            ParquetFolder listed = ParquetFolder.list(root.toString(), new Configuration());
            for (DataFile file : listed.files()) {
                read.put(file.path(), Values.read(file, WANTED));
            }

            assertThat(read).as("seed %d", seed).isEqualTo(expected);
        }
    }

    /** What lies in folders of datasets, too. */
    private static void distract(Random random, Path root) throws IOException {
        for (String name :
                List.of("_maskroute.json", "_old/p.parquet", "a/.p.parquet.crc", "images/1.png", "notes.txt")) {
            if (random.nextBoolean()) {
                Files.createDirectories(root.resolve(name).getParent());
                Files.writeString(root.resolve(name), "no Parquet");
            }
        }
    }

    private static <T> T pick(Random random, List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private static List<Map<String, Object>> rows(Random random) {
        List<Map<String, Object>> rows = new ArrayList<>();
        // A file may have no truth, no regions … at all.
        double nulls = pick(random, List.of(0.0, 0.2, 0.9, 1.0));
        int count = pick(random, List.of(0, 1, 3, 40));
        for (int i = 0; i < count; i++) {
            rows.add(randomStruct(random, WANTED.columns(), nulls));
        }
        return rows;
    }

    private static Map<String, Object> randomStruct(Random random, StructType type, double nulls) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (StructField field : type.fields()) {
            boolean none = random.nextDouble() < (field.nullable() ? nulls : nulls / 5);
            fields.put(field.name(), none ? null : value(random, field.dataType(), nulls));
        }
        return fields;
    }

    private static Object value(Random random, DataType type, double nulls) {
        if (type instanceof StructType struct) {
            return randomStruct(random, struct, nulls);
        }
        if (type instanceof ArrayType list) {
            List<Object> elements = new ArrayList<>();
            int size = random.nextInt(4);
            for (int i = 0; i < size; i++) {
                elements.add(random.nextDouble() < nulls / 10 ? null : value(random, list.elementType(), nulls));
            }
            return elements;
        }
        return switch (type.typeName()) {
            case "string" -> pick(
                    random, List.of("", "a", "the red car", "Straße 7", "0k3:", "x".repeat(random.nextInt(300))));
            case "binary" -> randomBytes(random);
            case "long" -> pick(random, List.of(0L, 7L, 480L, 100_000L));
            case "double" -> pick(random, List.of(0.0, 1.0, 0.5, -2.25, 639.5));
            default -> random.nextBoolean();
        };
    }

    private static byte[] randomBytes(Random random) {
        byte[] bytes = new byte[random.nextInt(2000)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static DataFile write(Random random, Path file, List<Map<String, Object>> rows) throws IOException {
        List<Column> columns = fields(random, WANTED.columns(), new ArrayList<Object>(rows));
        return Layout.write(file, columns, rows, writer -> writer.withCompressionCodec(pick(random, CODECS))
                .withWriterVersion(pick(random, List.of(WriterVersion.values())))
                .withDictionaryEncoding(random.nextBoolean())
                .withByteStreamSplitEncoding(random.nextBoolean())
                .withPageSize(pick(random, List.of(200, 1 << 20)))
                .withRowGroupSize(pick(random, List.of(3000L, 1L << 27)))
                .withMinRowCountForPageSizeCheck(1)
                .withMaxRowCountForPageSizeCheck(10));
    }

    /** In any order, those without values perhaps left out, with further ones between them. */
    private static List<Column> fields(Random random, StructType type, List<Object> structs) {
        List<Column> columns = new ArrayList<>();
        for (StructField field : type.fields()) {
            List<Object> values = new ArrayList<>();
            structs.stream()
                    .filter(Objects::nonNull)
                    .forEach(struct -> values.add(((Map<?, ?>) struct).get(field.name())));
            boolean nothing = values.stream().allMatch(Objects::isNull);
            if (nothing && field.nullable() && random.nextBoolean()) {
                continue;
            }
            columns.add(
                    nothing && random.nextBoolean()
                            ? empty(field.name())
                            : column(random, field.name(), field.dataType(), values));
        }
        int further = pick(random, List.of(0, 0, 1, 4));
        for (int i = 0; i < further; i++) {
            columns.add(further(FurtherColumns.type(pick(random, FurtherColumns.NAMES))));
        }
        Map<String, Column> once = new LinkedHashMap<>();
        Collections.shuffle(columns, random);
        columns.forEach(column -> once.put(column.name(), column));
        return List.copyOf(once.values());
    }

    private static Column column(Random random, String name, DataType type, List<Object> values) {
        if (type instanceof StructType struct) {
            return struct(name, OPTIONAL, fields(random, struct, values));
        }
        if (type instanceof ArrayType list) {
            return anyList(random, name, list.elementType(), values);
        }
        return anyLeaf(random, name, type, OPTIONAL, values);
    }

    private static Column anyList(Random random, String name, DataType element, List<Object> lists) {
        List<Object> elements = new ArrayList<>();
        lists.stream().filter(Objects::nonNull).forEach(list -> elements.addAll((List<?>) list));
        List<Supplier<Column>> ways = new ArrayList<>();
        for (String[] names : new String[][] {{"list", "element"}, {"bag", "array_element"}, {"list", "item"}}) {
            ways.add(() -> list(name, names[0], column(random, names[1], element, elements)));
        }
        if (elements.stream().allMatch(Objects::isNull)) {
            ways.add(() -> list(name, "list", empty("element")));
        }
        if (elements.stream().noneMatch(Objects::isNull)) {
            ways.add(() -> shortList(name, repeated(random, "array", element, elements)));
            if (lists.stream().noneMatch(Objects::isNull)) {
                ways.add(() -> bareList(repeated(random, name, element, elements)));
            }
        }
        return pick(random, ways).get();
    }

    private static Column repeated(Random random, String name, DataType element, List<Object> elements) {
        return element instanceof StructType struct
                ? struct(name, REPEATED, fields(random, struct, elements))
                : anyLeaf(random, name, element, REPEATED, elements);
    }

    private static Column anyLeaf(Random random, String name, DataType type, Repetition among, List<Object> values) {
        boolean always = values.stream().noneMatch(Objects::isNull);
        Repetition repetition = among == REPEATED || !always ? among : pick(random, List.of(OPTIONAL, REQUIRED));
        List<Column> ways = new ArrayList<>();
        switch (type.typeName()) {
            case "string" -> {
                for (LogicalTypeAnnotation meaning : Arrays.asList(
                        LogicalTypeAnnotation.stringType(),
                        LogicalTypeAnnotation.enumType(),
                        LogicalTypeAnnotation.jsonType(),
                        null)) {
                    ways.add(text(name, meaning, repetition));
                }
                if (among == OPTIONAL && values.stream().allMatch(v -> v == null || v.equals("0k3:"))) {
                    ways.add(fixed(
                            name,
                            4,
                            null,
                            (group, value) -> group.add(
                                    name,
                                    Binary.fromConstantByteArray(((String) value).getBytes(StandardCharsets.UTF_8)))));
                }
            }
            case "binary" -> ways.add(bytes(name));
            case "long" -> {
                for (int width : new int[] {32, 64}) {
                    for (LogicalTypeAnnotation meaning :
                            Arrays.asList(null, intType(width, true), intType(width, false))) {
                        ways.add(width == 32 ? int32(name, meaning, repetition) : int64(name, meaning, repetition));
                    }
                }
                if (values.stream().allMatch(v -> v == null || (long) v < 128)) {
                    ways.add(int32(name, intType(8, random.nextBoolean()), repetition));
                }
            }
            case "double" -> numbers(name, repetition, values, ways);
            default -> ways.add(bool(name));
        }
        if (among == REPEATED) {
            ways.removeIf(way -> !way.type().isRepetition(REPEATED));
            if (ways.isEmpty()) {
                throw new AssertionError("no list of " + type + " among the wanted columns is known");
            }
        }
        return pick(random, ways);
    }

    private static void numbers(String name, Repetition repetition, List<Object> values, List<Column> ways) {
        ways.add(float64(name, repetition));
        ways.add(float32(name));
        ways.add(half(name));
        ways.add(decimal(name, 2, PrimitiveTypeName.INT32));
        ways.add(decimal(name, 3, PrimitiveTypeName.INT64));
        ways.add(decimal(name, 4, PrimitiveTypeName.BINARY));
        if (values.stream().allMatch(v -> v == null || (double) v == Math.rint((double) v))) {
            ways.add(int64(name, null, repetition));
            ways.add(int32(name, intType(16, true), repetition));
        }
    }
}
