package io.maskroute.datasets.parquet;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.StructType;
import scala.collection.immutable.ArraySeq;

/** Spark's rows and lists from what Parquet's record reader says of their parts. */
final class RowConverters {
    private RowConverters() {}

    /**
     * A field of a struct that a file has.
     *
     * @param slot of its value in the row
     * @param repeated whether the field itself comes again and again, and its values are a list
     */
    record Field(int slot, boolean repeated, Function<Consumer<Object>, Converter> reader) {}

    static Converter struct(StructType schema, List<Field> fields, Consumer<Object> target) {
        return new StructConverter(schema, fields, target);
    }

    /** @param wrapped whether each element comes in a group of its own */
    static Converter list(Function<Consumer<Object>, Converter> element, boolean wrapped, Consumer<Object> target) {
        return new ListConverter(element, wrapped, target);
    }

    /** For a column that may hold nothing. */
    static Converter nothing(Supplier<RuntimeException> otherwise) {
        return new PrimitiveConverter() {
            @Override
            public void addBinary(Binary value) {
                throw otherwise.get();
            }

            @Override
            public void addBoolean(boolean value) {
                throw otherwise.get();
            }

            @Override
            public void addDouble(double value) {
                throw otherwise.get();
            }

            @Override
            public void addFloat(float value) {
                throw otherwise.get();
            }

            @Override
            public void addInt(int value) {
                throw otherwise.get();
            }

            @Override
            public void addLong(long value) {
                throw otherwise.get();
            }
        };
    }

    private static Object sequence(List<Object> values) {
        return ArraySeq.unsafeWrapArray(values.toArray());
    }

    private static final class StructConverter extends GroupConverter {
        private final StructType schema;
        private final int[] repeated;
        private final Converter[] children;
        private final Consumer<Object> target;
        private Object[] values;

        StructConverter(StructType schema, List<Field> fields, Consumer<Object> target) {
            this.schema = schema;
            this.target = target;
            repeated = fields.stream()
                    .filter(Field::repeated)
                    .mapToInt(Field::slot)
                    .toArray();
            children = fields.stream().map(this::child).toArray(Converter[]::new);
        }

        private Converter child(Field field) {
            int slot = field.slot();
            return field.reader()
                    .apply(field.repeated() ? value -> list(slot).add(value) : value -> values[slot] = value);
        }

        @SuppressWarnings("unchecked") // start puts one there
        private List<Object> list(int slot) {
            return (List<Object>) values[slot];
        }

        @Override
        public Converter getConverter(int index) {
            return children[index];
        }

        @Override
        public void start() {
            values = new Object[schema.size()];
            for (int slot : repeated) {
                values[slot] = new ArrayList<>();
            }
        }

        @Override
        public void end() {
            for (int slot : repeated) {
                values[slot] = sequence(list(slot));
            }
            target.accept(new GenericRowWithSchema(values, schema));
        }
    }

    private static final class ListConverter extends GroupConverter {
        private final Converter child;
        private final Consumer<Object> target;
        private List<Object> elements;
        private Object element;

        ListConverter(Function<Consumer<Object>, Converter> reader, boolean wrapped, Consumer<Object> target) {
            this.target = target;
            child = wrapped
                    ? wrapper(reader.apply(value -> element = value))
                    : reader.apply(value -> elements.add(value));
        }

        private GroupConverter wrapper(Converter inner) {
            return new GroupConverter() {
                @Override
                public Converter getConverter(int index) {
                    return inner;
                }

                @Override
                public void start() {
                    element = null;
                }

                @Override
                public void end() {
                    elements.add(element);
                }
            };
        }

        @Override
        public Converter getConverter(int index) {
            return child;
        }

        @Override
        public void start() {
            elements = new ArrayList<>();
        }

        @Override
        public void end() {
            target.accept(sequence(elements));
        }
    }

    /** The file's own group at the top. */
    static final class Rows extends RecordMaterializer<Row> {
        private final GroupConverter root;
        private Row row;

        Rows(Function<Consumer<Object>, Converter> reader) {
            root = reader.apply(value -> row = (Row) value).asGroupConverter();
        }

        @Override
        public Row getCurrentRecord() {
            return row;
        }

        @Override
        public GroupConverter getRootConverter() {
            return root;
        }
    }
}
