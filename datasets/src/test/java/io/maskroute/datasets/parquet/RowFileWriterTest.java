package io.maskroute.datasets.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.jdk.javaapi.CollectionConverters;

class RowFileWriterTest {
    private static final StructType INNER = new StructType()
            .add("size", new ArrayType(DataTypes.IntegerType, false), false)
            .add("counts", DataTypes.StringType, false);
    private static final StructType SCHEMA = new StructType()
            .add("text", DataTypes.StringType, true)
            .add("whole", DataTypes.IntegerType, false)
            .add("long", DataTypes.LongType, true)
            .add("float", DataTypes.FloatType, true)
            .add("double", DataTypes.DoubleType, true)
            .add("yes", DataTypes.BooleanType, true)
            .add("bytes", DataTypes.BinaryType, true)
            .add("inner", INNER, true)
            .add("list", new ArrayType(INNER, true), false);
    /** As a reader takes it. */
    private static final WantedColumns WANTED = new WantedColumns(
            new StructType()
                    .add("text", DataTypes.StringType)
                    .add("whole", DataTypes.LongType)
                    .add("long", DataTypes.LongType)
                    .add("float", DataTypes.DoubleType)
                    .add("double", DataTypes.DoubleType)
                    .add("yes", DataTypes.BooleanType)
                    .add("bytes", DataTypes.BinaryType)
                    .add("inner", wantedInner())
                    .add("list", new ArrayType(wantedInner(), true)),
            "does not fit");

    @TempDir
    private Path folder;

    private static StructType wantedInner() {
        return new StructType()
                .add("size", new ArrayType(DataTypes.LongType, true))
                .add("counts", DataTypes.StringType);
    }

    private static Row inner(Object size, String counts) {
        return RowFactory.create(size, counts);
    }

    @Test
    void rowsAreReadAsTheyWereWritten() throws IOException {
        Path file = folder.resolve("a b.parquet");
        RowFileWriter writer = new RowFileWriter(file.toString(), SCHEMA, new Configuration());
        try (writer) {
            writer.write(RowFactory.create(
                    "ü",
                    7,
                    8L,
                    0.5f,
                    0.25,
                    true,
                    new byte[] {1, 2},
                    inner(new Integer[] {3, 4}, "x"),
                    List.of(inner(List.of(5, 6), "y"))));
            writer.write(RowFactory.create(
                    null, 9L, 10, 1.5, 2.5f, null, null, null, CollectionConverters.asScala(new ArrayList<>())));
            List<Row> holes = new ArrayList<>();
            holes.add(null);
            holes.add(inner(List.of(), ""));
            writer.write(RowFactory.create("", -1, null, null, null, false, new byte[0], null, holes));
        }

        assertThat(writer.rows()).isEqualTo(3);
        assertThat(writer.bytes()).isEqualTo(Files.size(file));
        assertThat(folder).isDirectoryNotContaining("glob:**.crc");
        List<Row> rows = read(file);
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0).toString()).startsWith("[ü,7,8,0.5,0.25,true,");
        assertThat(rows.get(0).<byte[]>getAs(6)).containsExactly(1, 2);
        assertThat(rows.get(0).getStruct(7).getList(0)).isEqualTo(List.of(3L, 4L));
        assertThat(rows.get(0).<Row>getList(8).get(0).getString(1)).isEqualTo("y");
        assertThat(rows.get(1).getLong(1)).isEqualTo(9);
        assertThat(rows.get(1).getDouble(3)).isEqualTo(1.5);
        assertThat(rows.get(1).isNullAt(7)).isTrue();
        assertThat(rows.get(1).getList(8)).isEmpty();
        assertThat(rows.get(2).getList(8)).hasSize(2).first().isNull();
        assertThat(rows.get(2).<Row>getList(8).get(1).getList(0)).isEmpty();
    }

    /** What Spark would write, so that whoever reads Spark's files reads these. */
    @Test
    void theSchemaIsSparks() throws IOException {
        Path file = folder.resolve("a.parquet");
        new RowFileWriter(file.toString(), SCHEMA, new Configuration()).close();

        try (ParquetFileReader reader = ParquetFileReader.open(
                HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration()))) {
            assertThat(reader.getFooter().getFileMetaData().getSchema().toString())
                    .isEqualTo(
                            """
                            message spark_schema {
                              optional binary text (STRING);
                              required int32 whole;
                              optional int64 long;
                              optional float float;
                              optional double double;
                              optional boolean yes;
                              optional binary bytes;
                              optional group inner {
                                required group size (LIST) {
                                  repeated group list {
                                    required int32 element;
                                  }
                                }
                                required binary counts (STRING);
                              }
                              required group list (LIST) {
                                repeated group list {
                                  optional group element {
                                    required group size (LIST) {
                                      repeated group list {
                                        required int32 element;
                                      }
                                    }
                                    required binary counts (STRING);
                                  }
                                }
                              }
                            }
                            """);
        }
    }

    /** Pages of different columns end at different rows; a slice is read from those that it needs. */
    @Test
    void someRowsAreTheSameAsAmongAll() throws IOException {
        Path file = folder.resolve("large.parquet");
        Random random = new Random(1);
        try (RowFileWriter writer = new RowFileWriter(file.toString(), SCHEMA, new Configuration())) {
            for (int i = 0; i < 3000; i++) {
                byte[] noise = new byte[random.nextInt(4000)];
                random.nextBytes(noise);
                List<Row> list = new ArrayList<>();
                for (int k = 0; k < random.nextInt(4); k++) {
                    list.add(inner(List.of(i, k), "c" + random.nextLong()));
                }
                writer.write(RowFactory.create("t" + i, i, null, null, 0.5 * i, null, noise, null, list));
            }
        }
        List<Row> all = read(file);
        DataFile data = new DataFile("file:" + file, Files.size(file), 0);
        try (ParquetFile open = ParquetFile.open(data, WANTED, new Configuration())) {
            assertThat(open.rowGroups()).singleElement().satisfies(group -> assertThat(group.indexed())
                    .isTrue());
            for (int i = 0; i < 40; i++) {
                int first = random.nextInt(3000);
                int count = 1 + random.nextInt(Math.min(200, 3000 - first));
                List<Row> some = new ArrayList<>();
                open.rows(new RowSlice(data, 0, first, count)).forEachRemaining(some::add);
                assertThat(some).hasSize(count);
                for (int k = 0; k < count; k++) {
                    assertThat(some.get(k).<String>getAs(0)).isEqualTo("t" + (first + k));
                    assertThat(some.get(k).<byte[]>getAs(6))
                            .isEqualTo(all.get(first + k).<byte[]>getAs(6));
                    assertThat(some.get(k).getList(8))
                            .isEqualTo(all.get(first + k).getList(8));
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsNamed() throws IOException {
        Path file = folder.resolve("a.parquet");
        try (RowFileWriter writer = new RowFileWriter(file.toString(), SCHEMA, new Configuration())) {
            assertThatThrownBy(() ->
                            writer.write(RowFactory.create(null, null, null, null, null, null, null, null, List.of())))
                    .hasMessageContaining("the column whole must not be null");
        } catch (IllegalStateException | IllegalArgumentException | org.apache.parquet.io.ParquetEncodingException e) {
            // Half a row cannot be ended.
            assertThat(e).isNotNull();
        }
        assertThatThrownBy(() -> new RowFileWriter(file.toString(), SCHEMA, new Configuration()))
                .as("a file is not overwritten")
                .isInstanceOf(IOException.class);
    }

    private List<Row> read(Path file) throws IOException {
        DataFile data = new DataFile("file:" + file, Files.size(file), 0);
        List<Row> rows = new ArrayList<>();
        try (ParquetFile open = ParquetFile.open(data, WANTED, new Configuration())) {
            for (int group = 0; group < open.rowGroups().size(); group++) {
                Iterator<Row> some = open.rows(
                        new RowSlice(data, group, 0, open.rowGroups().get(group).rows()));
                some.forEachRemaining(rows::add);
            }
        }
        return rows;
    }
}
