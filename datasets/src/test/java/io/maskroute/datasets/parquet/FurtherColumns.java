package io.maskroute.datasets.parquet;

import static org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit.MICROS;
import static org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit.MILLIS;
import static org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit.NANOS;
import static org.apache.parquet.schema.LogicalTypeAnnotation.bsonType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.dateType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.decimalType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.enumType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.float16Type;
import static org.apache.parquet.schema.LogicalTypeAnnotation.intType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.intervalType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.jsonType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.timeType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.timestampType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.uuidType;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BOOLEAN;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.FLOAT;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT96;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/** Columns of types that no dataset asks for, by the name of the type. */
final class FurtherColumns {
    private static final Map<String, Type> TYPES = new LinkedHashMap<>();

    static {
        add(Types.optional(INT64).as(timestampType(false, NANOS)).named("timestamp_ns"));
        add(Types.optional(INT64).as(timestampType(true, MICROS)).named("timestamp_us"));
        add(Types.optional(INT64).as(timestampType(false, MILLIS)).named("timestamp_ms"));
        add(Types.optional(INT96).named("int96"));
        add(Types.optional(INT32).as(timeType(true, MILLIS)).named("time_ms"));
        add(Types.optional(INT64).as(timeType(false, NANOS)).named("time_ns"));
        add(Types.optional(INT32).as(dateType()).named("date"));
        add(Types.optional(FIXED_LEN_BYTE_ARRAY).length(16).as(uuidType()).named("uuid"));
        add(Types.optional(FIXED_LEN_BYTE_ARRAY).length(12).as(intervalType()).named("interval"));
        add(Types.optional(FIXED_LEN_BYTE_ARRAY).length(2).as(float16Type()).named("half"));
        add(Types.optional(FIXED_LEN_BYTE_ARRAY).length(5).named("fixed"));
        add(Types.optional(FIXED_LEN_BYTE_ARRAY)
                .length(16)
                .as(decimalType(4, 38))
                .named("decimal"));
        add(Types.optional(BINARY).as(bsonType()).named("bson"));
        add(Types.optional(BINARY).as(jsonType()).named("json"));
        add(Types.optional(BINARY).as(enumType()).named("enum"));
        add(Types.optional(INT64).as(intType(64, false)).named("uint64"));
        add(Types.optional(BOOLEAN).named("boolean"));
        add(Types.optional(FLOAT).named("float"));
        add(Types.optionalMap()
                .key(Types.required(BINARY).named("key"))
                .value(Types.optional(INT64).as(timestampType(true, NANOS)).named("value"))
                .named("map"));
        add(Types.optionalGroup()
                .addField(Types.optionalList()
                        .element(Types.optional(INT64).as(timeType(true, NANOS)).named("element"))
                        .named("times"))
                .addField(Types.optional(FIXED_LEN_BYTE_ARRAY)
                        .length(16)
                        .as(uuidType())
                        .named("id"))
                .named("struct"));
        add(Types.repeated(BINARY).named("repeated"));
        add(Types.optional(INT32).named("Alike"));
        add(Types.optional(BINARY).named("alike"));
        add(Types.optional(FLOAT).named("a name, with {all} [sorts] of.letters\n"));
    }

    static final List<String> NAMES = List.copyOf(TYPES.keySet());

    private FurtherColumns() {}

    private static void add(Type type) {
        TYPES.put(type.getName(), type);
    }

    static Type type(String name) {
        return TYPES.get(name);
    }
}
