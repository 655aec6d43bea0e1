package io.maskroute.datasets.parquet;

import static org.apache.parquet.schema.LogicalTypeAnnotation.listType;
import static org.apache.parquet.schema.Type.Repetition.OPTIONAL;
import static org.apache.parquet.schema.Type.Repetition.REPEATED;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.NanoTime;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * How a writer may lay out columns in a Parquet file. Values are maps (structs), lists, strings, byte arrays, longs, doubles,
 * booleans, and null.
 */
final class Layout {
    private Layout() {}

    /** A column: its type, and how a value of it is put into the group that holds it. */
    interface Column {
        Type type();

        void put(Group parent, Object value);

        default String name() {
            return type().getName();
        }
    }

    private record Leaf(Type type, BiConsumer<Group, Object> adding) implements Column {
        @Override
        public void put(Group parent, Object value) {
            if (value != null) {
                adding.accept(parent, value);
            }
        }
    }

    static Column leaf(
            String name,
            PrimitiveTypeName stored,
            LogicalTypeAnnotation meaning,
            Type.Repetition repetition,
            BiConsumer<Group, Object> adding) {
        Types.PrimitiveBuilder<PrimitiveType> type = Types.primitive(stored, repetition);
        return new Leaf((meaning == null ? type : type.as(meaning)).named(name), adding);
    }

    static Column fixed(String name, int length, LogicalTypeAnnotation meaning, BiConsumer<Group, Object> adding) {
        Types.PrimitiveBuilder<PrimitiveType> type = Types.primitive(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY, OPTIONAL)
                .length(length);
        return new Leaf((meaning == null ? type : type.as(meaning)).named(name), adding);
    }

    static Column text(String name, LogicalTypeAnnotation meaning) {
        return text(name, meaning, OPTIONAL);
    }

    static Column text(String name, LogicalTypeAnnotation meaning, Type.Repetition repetition) {
        return leaf(
                name,
                PrimitiveTypeName.BINARY,
                meaning,
                repetition,
                (group, value) -> group.add(name, Binary.fromString((String) value)));
    }

    static Column text(String name) {
        return text(name, LogicalTypeAnnotation.stringType());
    }

    static Column bytes(String name) {
        return leaf(
                name,
                PrimitiveTypeName.BINARY,
                null,
                OPTIONAL,
                (group, value) -> group.add(name, Binary.fromConstantByteArray((byte[]) value)));
    }

    static Column int32(String name, LogicalTypeAnnotation meaning, Type.Repetition repetition) {
        return leaf(
                name,
                PrimitiveTypeName.INT32,
                meaning,
                repetition,
                (group, value) -> group.add(name, ((Number) value).intValue()));
    }

    static Column int64(String name, LogicalTypeAnnotation meaning, Type.Repetition repetition) {
        return leaf(
                name,
                PrimitiveTypeName.INT64,
                meaning,
                repetition,
                (group, value) -> group.add(name, ((Number) value).longValue()));
    }

    static Column float32(String name) {
        return leaf(
                name,
                PrimitiveTypeName.FLOAT,
                null,
                OPTIONAL,
                (group, value) -> group.add(name, ((Number) value).floatValue()));
    }

    static Column float64(String name, Type.Repetition repetition) {
        return leaf(
                name,
                PrimitiveTypeName.DOUBLE,
                null,
                repetition,
                (group, value) -> group.add(name, ((Number) value).doubleValue()));
    }

    static Column decimal(String name, int scale, PrimitiveTypeName stored) {
        LogicalTypeAnnotation meaning =
                LogicalTypeAnnotation.decimalType(scale, stored == PrimitiveTypeName.INT32 ? 9 : 18);
        return leaf(name, stored, meaning, OPTIONAL, (group, value) -> {
            BigDecimal exact = BigDecimal.valueOf((Double) value).setScale(scale);
            switch (stored) {
                case INT32 -> group.add(name, exact.unscaledValue().intValueExact());
                case INT64 -> group.add(name, exact.unscaledValue().longValueExact());
                default -> group.add(
                        name, Binary.fromConstantByteArray(exact.unscaledValue().toByteArray()));
            }
        });
    }

    /** Of numbers that have few enough digits. */
    static Column half(String name) {
        return fixed(name, 2, LogicalTypeAnnotation.float16Type(), (group, value) -> {
            double number = ((Number) value).doubleValue();
            int exponent = number == 0 ? -15 : Math.getExponent(number);
            int fraction = number == 0 ? 0 : (int) (Math.scalb(Math.abs(number), 10 - exponent) - 0x400);
            int bits = (number < 0 ? 0x8000 : 0) | exponent + 15 << 10 | fraction;
            group.add(name, little((short) bits));
        });
    }

    private static Binary little(short bits) {
        return Binary.fromConstantByteArray(ByteBuffer.allocate(2)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(bits)
                .array());
    }

    static Column bool(String name) {
        return leaf(
                name, PrimitiveTypeName.BOOLEAN, null, OPTIONAL, (group, value) -> group.add(name, (Boolean) value));
    }

    /** As pyarrow writes a column without values: int32; Parquet's library for Java cannot call it "null". */
    static Column empty(String name) {
        return leaf(name, PrimitiveTypeName.INT32, null, OPTIONAL, (group, value) -> {
            throw new AssertionError(name + " holds " + value);
        });
    }

    static Column struct(String name, Type.Repetition repetition, List<Column> fields) {
        return new Column() {
            @Override
            public Type type() {
                return new GroupType(
                        repetition, name, fields.stream().map(Column::type).toList());
            }

            @Override
            public void put(Group parent, Object value) {
                if (value != null) {
                    putAll(parent.addGroup(name), fields, (Map<?, ?>) value);
                }
            }
        };
    }

    private static void putAll(Group group, List<Column> fields, Map<?, ?> values) {
        fields.forEach(field -> field.put(group, values.get(field.name())));
    }

    /** Three levels, as parquet-format has it now; the two inner names are up to the writer. */
    static Column list(String name, String repeated, Column element) {
        return new Column() {
            @Override
            public Type type() {
                return asList(name, new GroupType(REPEATED, repeated, element.type()));
            }

            @Override
            public void put(Group parent, Object value) {
                if (value != null) {
                    Group list = parent.addGroup(name);
                    for (Object one : (List<?>) value) {
                        element.put(list.addGroup(repeated), one);
                    }
                }
            }
        };
    }

    private static Type asList(String name, Type repeated) {
        return Types.buildGroup(OPTIONAL).as(listType()).addField(repeated).named(name);
    }

    /** Two levels, as older writers have it: no element can be null. */
    static Column shortList(String name, Column repeated) {
        return new Column() {
            @Override
            public Type type() {
                return asList(name, repeated.type());
            }

            @Override
            public void put(Group parent, Object value) {
                if (value != null) {
                    Group list = parent.addGroup(name);
                    ((List<?>) value).forEach(one -> repeated.put(list, one));
                }
            }
        };
    }

    /** Without any group, as protocol buffers have it: neither the list nor an element can be null. */
    static Column bareList(Column repeated) {
        return new Column() {
            @Override
            public Type type() {
                return repeated.type();
            }

            @Override
            public void put(Group parent, Object value) {
                ((List<?>) value).forEach(one -> repeated.put(parent, one));
            }
        };
    }

    /** A column that nobody wants, of any type, with a value in every row. */
    static Column further(Type type) {
        return new Column() {
            @Override
            public Type type() {
                return type;
            }

            @Override
            public void put(Group parent, Object value) {
                some(parent, type);
            }
        };
    }

    private static void some(Group parent, Type type) {
        String name = type.getName();
        if (!type.isPrimitive()) {
            Group group = parent.addGroup(name);
            type.asGroupType().getFields().forEach(field -> some(group, field));
            return;
        }
        PrimitiveType stored = type.asPrimitiveType();
        switch (stored.getPrimitiveTypeName()) {
            case BOOLEAN -> parent.add(name, true);
            case INT32 -> parent.add(name, 7);
            case INT64 -> parent.add(name, 7L);
            case FLOAT -> parent.add(name, 1.5f);
            case DOUBLE -> parent.add(name, 1.5);
            case INT96 -> parent.add(name, new NanoTime(2_440_588, 0));
            case BINARY -> parent.add(name, Binary.fromString("7"));
            case FIXED_LEN_BYTE_ARRAY -> parent.add(
                    name, Binary.fromConstantByteArray(new byte[stored.getTypeLength()]));
            default -> throw new AssertionError(stored);
        }
    }

    /** The same type under another name. */
    static Type named(Type type, String name) {
        if (type.isPrimitive()) {
            PrimitiveType stored = type.asPrimitiveType();
            return Types.primitive(stored.getPrimitiveTypeName(), type.getRepetition())
                    .length(stored.getTypeLength())
                    .as(type.getLogicalTypeAnnotation())
                    .named(name);
        }
        return Types.buildGroup(type.getRepetition())
                .as(type.getLogicalTypeAnnotation())
                .addFields(type.asGroupType().getFields().toArray(Type[]::new))
                .named(name);
    }

    /** Writes rows; the writer may be told more. */
    static DataFile write(
            Path file,
            List<Column> columns,
            List<Map<String, Object>> rows,
            UnaryOperator<ExampleParquetWriter.Builder> settings)
            throws IOException {
        MessageType schema =
                new MessageType("schema", columns.stream().map(Column::type).toList());
        Files.createDirectories(file.getParent());
        try (ParquetWriter<Group> writer = settings.apply(
                        ExampleParquetWriter.builder(new LocalOutputFile(file)).withType(schema))
                .build()) {
            for (Map<String, Object> row : rows) {
                Group group = new SimpleGroup(schema);
                putAll(group, columns, row);
                writer.write(group);
            }
        }
        return listed(file);
    }

    static DataFile write(Path file, List<Column> columns, List<Map<String, Object>> rows) throws IOException {
        return write(file, columns, rows, writer -> writer);
    }

    static DataFile listed(Path file) throws IOException {
        return new DataFile(
                new org.apache.hadoop.fs.Path(
                                "file", null, file.toAbsolutePath().toString())
                        .toString(),
                Files.size(file),
                Files.getLastModifiedTime(file).toMillis());
    }
}
