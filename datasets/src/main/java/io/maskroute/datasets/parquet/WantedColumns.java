package io.maskroute.datasets.parquet;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The columns that somebody reads, in the types that rows give them: text (string), bytes (binary), whole numbers (bigint), numbers
 * (double), boolean, lists and structs of them. What a file may hold for each is for {@link Shapes} to say. Rows hold null for what
 * a file does not have.
 *
 * @param columns those that may not be null are in every file, the others may be missing in some
 * @param refusal what messages say of a file that does not fit, such as {@code holds no predictions}
 */
public record WantedColumns(StructType columns, String refusal) implements Serializable {
    private static final String IDENTIFIER = "identifier";
    private static final String MATCHING = "matching";

    /** Every file has it. */
    public static StructField required(String name, DataType type) {
        return new StructField(name, type, false, Metadata.empty());
    }

    /** A file may lack it, but not hold anything else under this name. */
    public static StructField optional(String name, DataType type) {
        return new StructField(name, type, true, Metadata.empty());
    }

    /** Required text that may be stored as a whole number. */
    public static StructField identifier(String name) {
        return new StructField(name, DataTypes.StringType, false, marked(IDENTIFIER));
    }

    /** Read where it has the type, and passed over like any further column where it has another. */
    public static StructField matching(String name, DataType type) {
        return new StructField(name, type, true, marked(MATCHING));
    }

    public static ArrayType list(DataType element) {
        return new ArrayType(element, true);
    }

    public static StructType struct(StructField... fields) {
        return new StructType(fields);
    }

    static boolean isIdentifier(StructField field) {
        return field.metadata().contains(IDENTIFIER);
    }

    static boolean isMatching(StructField field) {
        return field.metadata().contains(MATCHING);
    }

    private static Metadata marked(String mark) {
        return new MetadataBuilder().putBoolean(mark, true).build();
    }

    /**
     * Some of the columns.
     *
     * @param paths of those that are kept with all they hold, through structs and lists alike, such as {@code prompts.prompt_id}
     */
    public WantedColumns only(String... paths) {
        return new WantedColumns(only(columns, List.of(paths)), refusal);
    }

    private static StructType only(StructType of, List<String> paths) {
        return new StructType(Stream.of(of.fields())
                .filter(field -> paths.stream().anyMatch(path -> path.split("\\.")[0].equals(field.name())))
                .map(field -> {
                    List<String> below = paths.stream()
                            .filter(path -> path.startsWith(field.name() + "."))
                            .map(path -> path.substring(field.name().length() + 1))
                            .toList();
                    return paths.contains(field.name())
                            ? field
                            : new StructField(
                                    field.name(), only(field.dataType(), below), field.nullable(), field.metadata());
                })
                .toArray(StructField[]::new));
    }

    private static DataType only(DataType of, List<String> paths) {
        return of instanceof ArrayType list ? list(only(list.elementType(), paths)) : only((StructType) of, paths);
    }

    /** The schema of the rows: every value may be null. */
    public StructType rows() {
        return columns.asNullable();
    }
}
