package io.maskroute.datasets.parquet;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/** Rows as plain maps and lists that can be compared, each with all the wanted columns. */
final class Values {
    private Values() {}

    /** What the reader gives of a file. */
    static List<Object> read(DataFile file, WantedColumns wanted) throws Exception {
        List<Object> rows = new ArrayList<>();
        try (ParquetFile open = ParquetFile.open(file, wanted, new Configuration())) {
            for (int i = 0; i < open.rowGroups().size(); i++) {
                RowSlice all = new RowSlice(file, i, 0, open.rowGroups().get(i).rows());
                open.rows(all).forEachRemaining(row -> rows.add(comparable(row, wanted.rows())));
            }
        }
        return rows;
    }

    /** @param value as Spark's rows have it, or as {@link Layout} takes it */
    static Object comparable(Object value, DataType type) {
        if (value == null) {
            return null;
        }
        if (type instanceof StructType struct) {
            Map<String, Object> fields = new LinkedHashMap<>();
            for (StructField field : struct.fields()) {
                Object inner = value instanceof Row row
                        ? row.get(row.fieldIndex(field.name()))
                        : ((Map<?, ?>) value).get(field.name());
                fields.put(field.name(), comparable(inner, field.dataType()));
            }
            return fields;
        }
        if (type instanceof ArrayType list) {
            Iterable<?> elements = value instanceof scala.collection.Seq<?> seq
                    ? CollectionConverters.asJava(seq)
                    : (Iterable<?>) value;
            return StreamSupport.stream(elements.spliterator(), false)
                    .map(element -> comparable(element, list.elementType()))
                    .collect(ArrayList::new, ArrayList::add, ArrayList::addAll);
        }
        return value instanceof byte[] bytes ? ByteBuffer.wrap(bytes) : value;
    }
}
