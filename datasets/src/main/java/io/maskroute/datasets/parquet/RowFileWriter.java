package io.maskroute.datasets.parquet;

import io.maskroute.datasets.schema.HadoopFiles;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.conf.HadoopParquetConfiguration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopStreams;
import org.apache.parquet.io.DelegatingPositionOutputStream;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DoubleType;
import org.apache.spark.sql.types.FloatType;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Writes rows into one Parquet file, in the form that Spark gives them: lists of three levels with {@code list} and {@code element}
 * (parquet-format, LogicalTypes.md), Snappy. Unlike Spark's own writer it can be used in any task, without a committer: the file is
 * there when it is closed.
 */
public final class RowFileWriter implements Closeable {
    private static final String LIST = "list";
    private static final String ELEMENT = "element";

    private final Target target;
    private final ParquetWriter<Row> writer;
    private long rows;

    /** @param file must not exist */
    public RowFileWriter(String file, StructType schema, Configuration hadoop) throws IOException {
        target = new Target(HadoopFiles.path(file), hadoop);
        writer = new Builder(target, schema, new HadoopParquetConfiguration(hadoop)).build();
    }

    /**
     * @param file must not exist
     * @param groups how rows are grouped; for rows so large that their number alone says little
     */
    public RowFileWriter(String file, StructType schema, RowGroups groups, Configuration hadoop) throws IOException {
        target = new Target(HadoopFiles.path(file), hadoop);
        writer = new Builder(target, schema, new HadoopParquetConfiguration(hadoop))
                // Parquet ends a group by its size alone, looked at after so many rows: one byte is always too much.
                .withRowGroupSize(1L)
                .withMinRowCountForPageSizeCheck(groups.rows())
                .withMaxRowCountForPageSizeCheck(groups.rows())
                .withPageRowCountLimit(groups.pageRows())
                .withDictionaryEncoding(groups.blobs(), false)
                .build();
    }

    /**
     * @param rows of a group, but for the last one
     * @param pageRows most of a page: parts of a group are read by pages
     * @param blobs a column of values that are all large and different
     */
    public record RowGroups(int rows, int pageRows, String blobs) {}

    /**
     * @param row with values in the order of the schema; lists as arrays, {@link List}s or Scala's; a whole number or another may
     *     be of any width that holds it
     */
    public void write(Row row) throws IOException {
        writer.write(row);
        rows++;
    }

    public long rows() {
        return rows;
    }

    /** Ends the file. */
    @Override
    public void close() throws IOException {
        writer.close();
    }

    /** Length of the file, after its end. */
    public long bytes() {
        return target.bytes;
    }

    private static final class Target implements OutputFile {
        private final Path path;
        private final Configuration hadoop;
        private long bytes;

        Target(Path path, Configuration hadoop) {
            this.path = path;
            this.hadoop = hadoop;
        }

        @Override
        public PositionOutputStream create(long blockSizeHint) throws IOException {
            FSDataOutputStream out = HadoopFiles.fileSystem(path, hadoop).create(path, false);
            PositionOutputStream positions = HadoopStreams.wrap(out);
            return new DelegatingPositionOutputStream(positions) {
                @Override
                public long getPos() throws IOException {
                    return positions.getPos();
                }

                @Override
                public void close() throws IOException {
                    bytes = positions.getPos();
                    super.close();
                }
            };
        }

        @Override
        public PositionOutputStream createOrOverwrite(long blockSizeHint) throws IOException {
            return create(blockSizeHint);
        }

        @Override
        public boolean supportsBlockSize() {
            return false;
        }

        @Override
        public long defaultBlockSize() {
            return 0;
        }

        @Override
        public String getPath() {
            return path.toString();
        }
    }

    private static final class Builder extends ParquetWriter.Builder<Row, Builder> {
        private final StructType schema;

        Builder(OutputFile file, StructType schema, ParquetConfiguration conf) {
            super(file);
            this.schema = schema;
            withConf(conf);
            withCompressionCodec(CompressionCodecName.SNAPPY);
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        @SuppressWarnings("deprecation")
        protected WriteSupport<Row> getWriteSupport(Configuration conf) {
            return new Rows(schema);
        }

        @Override
        protected WriteSupport<Row> getWriteSupport(ParquetConfiguration conf) {
            return new Rows(schema);
        }
    }

    private static final class Rows extends WriteSupport<Row> {
        private final StructType schema;
        private RecordConsumer out;

        Rows(StructType schema) {
            this.schema = schema;
        }

        @Override
        @SuppressWarnings("deprecation")
        public WriteContext init(Configuration conf) {
            return context();
        }

        @Override
        public WriteContext init(ParquetConfiguration conf) {
            return context();
        }

        private WriteContext context() {
            Type[] fields = new Type[schema.size()];
            for (int i = 0; i < fields.length; i++) {
                StructField field = schema.fields()[i];
                fields[i] = type(field.name(), field.dataType(), field.nullable());
            }
            return new WriteContext(new MessageType("spark_schema", fields), Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            out = consumer;
        }

        @Override
        public void write(Row row) {
            out.startMessage();
            fields(row, schema);
            out.endMessage();
        }

        private void fields(Row row, StructType type) {
            for (int i = 0; i < type.size(); i++) {
                StructField field = type.fields()[i];
                Object value = row.get(i);
                if (value != null) {
                    out.startField(field.name(), i);
                    value(value, field.dataType());
                    out.endField(field.name(), i);
                } else if (!field.nullable()) {
                    throw new IllegalArgumentException("the column " + field.name() + " must not be null");
                }
            }
        }

        private void value(Object value, DataType type) {
            if (type instanceof StructType struct) {
                out.startGroup();
                fields((Row) value, struct);
                out.endGroup();
            } else if (type instanceof ArrayType array) {
                list(elements(value), array);
            } else if (type instanceof StringType) {
                out.addBinary(Binary.fromString((String) value));
            } else if (type instanceof BinaryType) {
                out.addBinary(Binary.fromConstantByteArray((byte[]) value));
            } else if (type instanceof BooleanType) {
                out.addBoolean((Boolean) value);
            } else if (type instanceof IntegerType) {
                out.addInteger(Math.toIntExact(((Number) value).longValue()));
            } else if (type instanceof LongType) {
                out.addLong(((Number) value).longValue());
            } else if (type instanceof FloatType) {
                out.addFloat(((Number) value).floatValue());
            } else if (type instanceof DoubleType) {
                out.addDouble(((Number) value).doubleValue());
            } else {
                throw new IllegalArgumentException("no Parquet type for " + type);
            }
        }

        private void list(List<?> elements, ArrayType type) {
            out.startGroup();
            if (!elements.isEmpty()) {
                out.startField(LIST, 0);
                for (Object element : elements) {
                    out.startGroup();
                    if (element != null) {
                        out.startField(ELEMENT, 0);
                        value(element, type.elementType());
                        out.endField(ELEMENT, 0);
                    }
                    out.endGroup();
                }
                out.endField(LIST, 0);
            }
            out.endGroup();
        }

        private static List<?> elements(Object value) {
            if (value instanceof List<?> list) {
                return list;
            }
            return value instanceof Seq<?> seq ? CollectionConverters.asJava(seq) : Arrays.asList((Object[]) value);
        }

        private static Type type(String name, DataType type, boolean nullable) {
            Repetition repetition = nullable ? Repetition.OPTIONAL : Repetition.REQUIRED;
            if (type instanceof StructType struct) {
                Types.GroupBuilder<?> group = Types.buildGroup(repetition);
                for (StructField field : struct.fields()) {
                    group.addField(type(field.name(), field.dataType(), field.nullable()));
                }
                return (Type) group.named(name);
            }
            if (type instanceof ArrayType array) {
                return Types.buildGroup(repetition)
                        .as(LogicalTypeAnnotation.listType())
                        .addField(Types.repeatedGroup()
                                .addField(type(ELEMENT, array.elementType(), array.containsNull()))
                                .named(LIST))
                        .named(name);
            }
            if (type instanceof StringType) {
                return Types.primitive(PrimitiveTypeName.BINARY, repetition)
                        .as(LogicalTypeAnnotation.stringType())
                        .named(name);
            }
            return Types.primitive(primitive(type), repetition).named(name);
        }

        private static PrimitiveTypeName primitive(DataType type) {
            if (type instanceof BinaryType) {
                return PrimitiveTypeName.BINARY;
            }
            if (type instanceof BooleanType) {
                return PrimitiveTypeName.BOOLEAN;
            }
            if (type instanceof IntegerType) {
                return PrimitiveTypeName.INT32;
            }
            if (type instanceof LongType) {
                return PrimitiveTypeName.INT64;
            }
            if (type instanceof FloatType) {
                return PrimitiveTypeName.FLOAT;
            }
            if (type instanceof DoubleType) {
                return PrimitiveTypeName.DOUBLE;
            }
            throw new IllegalArgumentException("no Parquet type for " + type);
        }
    }
}
