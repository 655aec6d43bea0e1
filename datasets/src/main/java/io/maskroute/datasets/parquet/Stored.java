package io.maskroute.datasets.parquet;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;

/**
 * A column as a file's own schema has it, before anybody interprets it: Parquet's library refuses a whole file for one type of a
 * column that nobody wants.
 *
 * @param children empty for a leaf
 * @param leaf number of the leaf among all of the file, or -1 for a group
 */
record Stored(SchemaElement element, List<Stored> children, int leaf) {
    private static final int DEEPEST = 500;
    private static final int NAMED = 12;

    /** @throws IllegalArgumentException when the elements are no tree */
    static Stored tree(List<SchemaElement> elements) {
        Iterator<SchemaElement> rest = elements.iterator();
        Stored root = next(rest, new int[1], 0);
        if (rest.hasNext()) {
            throw new IllegalArgumentException("its schema has more elements than children");
        }
        return root;
    }

    private static Stored next(Iterator<SchemaElement> rest, int[] leaves, int depth) {
        if (!rest.hasNext() || depth > DEEPEST) {
            throw new IllegalArgumentException(
                    depth > DEEPEST ? "its schema is too deep" : "its schema has fewer elements than children");
        }
        SchemaElement element = rest.next();
        if (element.isSetType()) {
            return new Stored(element, List.of(), leaves[0]++);
        }
        List<Stored> children = new ArrayList<>();
        for (int i = 0; i < element.getNum_children(); i++) {
            children.add(next(rest, leaves, depth + 1));
        }
        return new Stored(element, children, -1);
    }

    String name() {
        return element.getName();
    }

    boolean isLeaf() {
        return leaf >= 0;
    }

    boolean isRepeated() {
        return element.getRepetition_type() == FieldRepetitionType.REPEATED;
    }

    boolean is(Type type) {
        return element.getType() == type;
    }

    /** What the leaf's or group's values mean beyond how they are stored: {@code STRING}, {@code LIST}, {@code UNKNOWN}, …; empty: nothing. */
    Optional<String> meaning() {
        if (element.isSetLogicalType()) {
            LogicalType type = element.getLogicalType();
            // A type that is newer than this program has no field.
            return Optional.of(
                    type.getSetField() == null ? "OTHER" : type.getSetField().getFieldName());
        }
        return Optional.ofNullable(element.getConverted_type()).map(Stored::meaning);
    }

    private static String meaning(ConvertedType type) {
        return switch (type) {
            case UTF8 -> "STRING";
            case MAP, MAP_KEY_VALUE -> "MAP";
            case TIME_MILLIS, TIME_MICROS -> "TIME";
            case TIMESTAMP_MILLIS, TIMESTAMP_MICROS -> "TIMESTAMP";
            case INT_8, INT_16, INT_32, INT_64, UINT_8, UINT_16, UINT_32, UINT_64 -> "INTEGER";
            default -> type.name();
        };
    }

    boolean means(String... meanings) {
        return meaning().filter(List.of(meanings)::contains).isPresent();
    }

    /** Whether a whole number is stored without its sign. */
    boolean isUnsigned() {
        if (element.isSetLogicalType()) {
            return element.getLogicalType().isSetINTEGER()
                    && !element.getLogicalType().getINTEGER().isIsSigned();
        }
        return element.isSetConverted_type()
                && element.getConverted_type().name().startsWith("UINT_");
    }

    /** Digits behind the point. */
    int scale() {
        return element.isSetLogicalType() && element.getLogicalType().isSetDECIMAL()
                ? element.getLogicalType().getDECIMAL().getScale()
                : element.getScale();
    }

    boolean isList() {
        return means("LIST") && children.size() == 1 && children.get(0).isRepeated();
    }

    /**
     * Whether a list's repeated group is there for Parquet's sake and holds the element, or is the element itself, as older writers
     * had it: parquet-format, LogicalTypes.md, "Backward-compatibility rules".
     */
    boolean wrapsElement() {
        Stored repeated = children.get(0);
        return !repeated.isLeaf()
                && repeated.children.size() == 1
                && !repeated.children.get(0).isRepeated()
                && !repeated.name().equals("array")
                && !repeated.name().equals(name() + "_tuple");
    }

    Stored withChildren(List<Stored> kept) {
        return new Stored(element, kept, leaf);
    }

    /** For messages. */
    String type() {
        if (isRepeated() && !isLeaf()) {
            return "list<"
                    + new Stored(element.deepCopy().setRepetition_type(FieldRepetitionType.REQUIRED), children, leaf)
                            .type()
                    + ">";
        }
        if (isLeaf()) {
            String stored =
                    switch (element.getType()) {
                        case BYTE_ARRAY -> means("STRING") ? "text" : "bytes";
                        case FIXED_LEN_BYTE_ARRAY -> element.getType_length() + " bytes";
                        default -> element.getType().name().toLowerCase(Locale.ROOT);
                    };
            return meaning()
                    .filter(meaning -> !meaning.equals("STRING") && !meaning.equals("INTEGER"))
                    .map(meaning -> stored + " (" + meaning.toLowerCase(Locale.ROOT) + ")")
                    .orElse(stored);
        }
        if (isList()) {
            return "list<" + (wrapsElement() ? children.get(0).children.get(0) : children.get(0)).type() + ">";
        }
        return means("MAP")
                ? "map"
                : "struct<" + names(children.stream().map(Stored::name).toList()) + ">";
    }

    static String names(List<String> names) {
        return names.stream().limit(NAMED).collect(Collectors.joining(", ")) + (names.size() > NAMED ? ", …" : "");
    }
}
