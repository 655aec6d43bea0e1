package io.maskroute.datasets.parquet;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.parquet.column.Dictionary;
import org.apache.parquet.format.Type;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Which of Parquet's shapes a single value of a wanted type may have, and how it becomes one:
 *
 * <ul>
 *   <li>text: bytes (as UTF-8), whether they are called text or not, of fixed length or not; as an identifier also whole numbers
 *   <li>bytes: those that are not called anything, of fixed length or not
 *   <li>a whole number: any width, signed or not
 *   <li>a number: a whole one, float, double, half float, decimal
 *   <li>boolean: boolean
 * </ul>
 */
final class Shapes {
    private static final String[] TEXT = {"STRING", "ENUM", "JSON"};

    private Shapes() {}

    /**
     * @return makes what takes the values of the leaf and hands them on; empty when it has none of the shapes
     */
    static Optional<Function<Consumer<Object>, Converter>> of(Stored leaf, DataType wanted, boolean identifier) {
        boolean plain = leaf.meaning().isEmpty();
        boolean bytes = leaf.is(Type.BYTE_ARRAY) || leaf.is(Type.FIXED_LEN_BYTE_ARRAY);
        if (wanted.equals(DataTypes.StringType)) {
            if (bytes && (plain || leaf.means(TEXT))) {
                return Optional.of(TextConverter::new);
            }
            return identifier && isInteger(leaf)
                    ? Optional.of(target -> integer(leaf, value -> target.accept(Long.toString(value))))
                    : Optional.empty();
        }
        if (wanted.equals(DataTypes.BinaryType)) {
            return bytes && plain
                    ? Optional.of(target -> new ValueConverter(target) {
                        @Override
                        public void addBinary(Binary value) {
                            target.accept(value.getBytes());
                        }
                    })
                    : Optional.empty();
        }
        if (wanted.equals(DataTypes.LongType)) {
            return isInteger(leaf) ? Optional.of(target -> integer(leaf, target::accept)) : Optional.empty();
        }
        if (wanted.equals(DataTypes.DoubleType)) {
            return number(leaf, bytes);
        }
        return wanted.equals(DataTypes.BooleanType) && leaf.is(Type.BOOLEAN) && plain
                ? Optional.of(target -> new ValueConverter(target) {
                    @Override
                    public void addBoolean(boolean value) {
                        target.accept(value);
                    }
                })
                : Optional.empty();
    }

    /** For messages. */
    static String name(DataType wanted) {
        if (wanted instanceof ArrayType list) {
            return "list<" + name(list.elementType()) + ">";
        }
        if (wanted instanceof StructType struct) {
            return "struct<" + Stored.names(java.util.List.of(struct.fieldNames())) + ">";
        }
        return switch (wanted.typeName()) {
            case "string" -> "text";
            case "binary" -> "bytes";
            case "long" -> "integer";
            case "double" -> "number";
            default -> wanted.typeName();
        };
    }

    private static boolean isInteger(Stored leaf) {
        return (leaf.is(Type.INT32) || leaf.is(Type.INT64)) && (leaf.meaning().isEmpty() || leaf.means("INTEGER"));
    }

    private static Optional<Function<Consumer<Object>, Converter>> number(Stored leaf, boolean bytes) {
        if (isInteger(leaf)) {
            return Optional.of(target -> integer(leaf, value -> target.accept((double) value)));
        }
        if (leaf.is(Type.FLOAT) || leaf.is(Type.DOUBLE)) {
            return Optional.of(target -> new ValueConverter(target) {
                @Override
                public void addFloat(float value) {
                    target.accept((double) value);
                }

                @Override
                public void addDouble(double value) {
                    target.accept(value);
                }
            });
        }
        if (leaf.is(Type.FIXED_LEN_BYTE_ARRAY) && leaf.means("FLOAT16")) {
            return Optional.of(target -> new ValueConverter(target) {
                @Override
                public void addBinary(Binary value) {
                    target.accept(half(
                            value.toByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getShort()));
                }
            });
        }
        boolean decimal = leaf.means("DECIMAL") && (bytes || leaf.is(Type.INT32) || leaf.is(Type.INT64));
        return decimal ? Optional.of(target -> decimal(leaf.scale(), target)) : Optional.empty();
    }

    private interface LongTarget {
        void accept(long value);
    }

    private static PrimitiveConverter integer(Stored leaf, LongTarget target) {
        boolean unsigned = leaf.isUnsigned();
        return new PrimitiveConverter() {
            @Override
            public void addInt(int value) {
                target.accept(unsigned ? Integer.toUnsignedLong(value) : value);
            }

            @Override
            public void addLong(long value) {
                if (unsigned && value < 0) {
                    throw new ArithmeticException(
                            Long.toUnsignedString(value) + " in the column " + leaf.name() + " is too large a number");
                }
                target.accept(value);
            }
        };
    }

    private static PrimitiveConverter decimal(int scale, Consumer<Object> target) {
        return new ValueConverter(target) {
            @Override
            public void addInt(int value) {
                addLong(value);
            }

            @Override
            public void addLong(long value) {
                target.accept(BigDecimal.valueOf(value, scale).doubleValue());
            }

            @Override
            public void addBinary(Binary value) {
                target.accept(new BigDecimal(new BigInteger(value.getBytes()), scale).doubleValue());
            }
        };
    }

    /** IEEE 754 binary16. */
    static double half(short bits) {
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        double size =
                switch (exponent) {
                    case 0 -> Math.scalb((double) fraction, -24);
                    case 0x1f -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
                    default -> Math.scalb((double) (0x400 | fraction), exponent - 25);
                };
        return bits < 0 ? -size : size;
    }

    private abstract static class ValueConverter extends PrimitiveConverter {
        final Consumer<Object> target;

        ValueConverter(Consumer<Object> target) {
            this.target = target;
        }
    }

    /** Texts repeat (tasks, masks of one object): a dictionary's are made once. */
    private static final class TextConverter extends ValueConverter {
        private Dictionary dictionary;
        private String[] texts;

        TextConverter(Consumer<Object> target) {
            super(target);
        }

        @Override
        public void addBinary(Binary value) {
            target.accept(value.toStringUsingUTF8());
        }

        @Override
        public boolean hasDictionarySupport() {
            return true;
        }

        @Override
        public void setDictionary(Dictionary ofChunk) {
            dictionary = ofChunk;
            texts = new String[ofChunk.getMaxId() + 1];
        }

        @Override
        public void addValueFromDictionary(int id) {
            if (texts[id] == null) {
                texts[id] = dictionary.decodeToBinary(id).toStringUsingUTF8();
            }
            target.accept(texts[id]);
        }
    }
}
