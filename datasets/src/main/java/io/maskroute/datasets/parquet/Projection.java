package io.maskroute.datasets.parquet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Statistics;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The wanted columns of one file, found in its own schema by their names. Of the others nothing is looked at, neither types nor
 * codecs.
 */
final class Projection {
    private static final int MAGIC_BYTES = 4;

    private final DataFile file;
    private final WantedColumns wanted;
    private final FileMetaData footer;
    private final Configuration hadoop;
    private final Set<String> found = new TreeSet<>();
    private final List<Integer> leaves = new ArrayList<>();
    private final Part root;

    /** @throws UnreadableFileException when the file lacks a column that is required, or cannot be read */
    Projection(DataFile file, FileMetaData footer, WantedColumns wanted, Configuration hadoop) {
        this.file = file;
        this.wanted = wanted;
        this.footer = footer;
        this.hadoop = hadoop;
        Stored schema = Stored.tree(footer.getSchema());
        int columns = leaves(schema);
        for (RowGroup group : footer.getRow_groups()) {
            if (group.getColumnsSize() != columns || group.getNum_rows() < 0) {
                throw cannotBeRead("its footer names " + columns + " columns, but a row group has "
                        + group.getColumnsSize() + " and " + group.getNum_rows() + " rows");
            }
        }
        root = struct(schema, wanted.columns(), "")
                .orElseThrow(() -> refused("none of the columns " + Shapes.name(wanted.columns()) + " is there (found: "
                        + found(schema) + ")"));
    }

    private static int leaves(Stored at) {
        return at.isLeaf()
                ? 1
                : at.children().stream().mapToInt(Projection::leaves).sum();
    }

    /**
     * A column that is read.
     *
     * @param kept what of the file's schema
     * @param reader makes what takes its values and hands each on
     */
    private record Part(Stored kept, Function<Consumer<Object>, Converter> reader) {}

    private UnreadableFileException cannotBeRead(String why) {
        return new UnreadableFileException(
                file.path() + " cannot be read: " + why + ". Restore the file or write it again");
    }

    private UnreadableFileException refused(String why) {
        return new UnreadableFileException(file.path() + " " + wanted.refusal() + ": " + why);
    }

    private UnreadableFileException wrongType(String path, Stored stored, DataType type) {
        return refused("the column " + path + " has the type " + stored.type() + ", expected " + Shapes.name(type)
                + ". Write it as that, or under another name if it is something else");
    }

    private static String found(Stored group) {
        return Stored.names(group.children().stream().map(Stored::name).toList());
    }

    /** @return empty when none of the fields is there */
    private Optional<Part> struct(Stored group, StructType type, String path) {
        List<Stored> kept = new ArrayList<>();
        List<RowConverters.Field> fields = new ArrayList<>();
        for (Stored child : group.children()) {
            int slot = Arrays.asList(type.fieldNames()).indexOf(child.name());
            if (slot < 0) {
                continue;
            }
            requireOnce(group, child.name(), path);
            field(child, type.fields()[slot], path + child.name()).ifPresent(part -> {
                kept.add(part.kept());
                fields.add(new RowConverters.Field(slot, isBareList(child), part.reader()));
            });
        }
        for (StructField field : type.fields()) {
            boolean there =
                    group.children().stream().anyMatch(child -> child.name().equals(field.name()));
            if (!field.nullable() && !there) {
                throw refused("the column " + path + field.name() + " is missing (found: " + found(group)
                        + "). docs/formats.md shows how such a file is written");
            }
        }
        return kept.isEmpty()
                ? Optional.empty()
                : Optional.of(new Part(
                        group.withChildren(kept), target -> RowConverters.struct(type.asNullable(), fields, target)));
    }

    /** Which of two is meant nobody can know, and tools that do not tell letters' cases apart would mix them up. */
    private void requireOnce(Stored group, String name, String path) {
        List<String> alike = group.children().stream()
                .map(Stored::name)
                .filter(other -> other.equalsIgnoreCase(name))
                .toList();
        if (alike.size() > 1) {
            throw refused(
                    "the column " + path + name + " is there " + alike.size() + " times (" + String.join(", ", alike)
                            + "). Leave one, or give the others names that differ by more than case");
        }
    }

    /** Without the group that Parquet puts around a list, as protocol buffers have it. */
    private static boolean isBareList(Stored field) {
        return field.isRepeated();
    }

    private Optional<Part> field(Stored stored, StructField field, String path) {
        if (!WantedColumns.isMatching(field)) {
            return column(stored, field, path);
        }
        int before = leaves.size();
        try {
            return column(stored, field, path);
        } catch (UnreadableFileException e) {
            // What is further down may have been found before something else did not fit.
            leaves.subList(before, leaves.size()).clear();
            found.removeIf(name -> name.equals(path) || name.startsWith(path + ".") || name.startsWith(path + "[]"));
            return Optional.empty();
        }
    }

    private Optional<Part> column(Stored stored, StructField field, String path) {
        DataType type = field.dataType();
        if (isBareList(stored)) {
            if (!(type instanceof ArrayType list)) {
                throw wrongType(path, stored, type);
            }
            return value(stored, list.elementType(), false, path + "[]");
        }
        return value(stored, type, WantedColumns.isIdentifier(field), path);
    }

    private Optional<Part> value(Stored stored, DataType type, boolean identifier, String path) {
        if (stored.isLeaf()) {
            return Optional.of(leaf(stored, type, identifier, path));
        }
        if (type instanceof ArrayType list && stored.isList()) {
            return list(stored, list.elementType(), path);
        }
        if (type instanceof StructType struct && !stored.means("LIST", "MAP")) {
            Optional<Part> part = struct(stored, struct, path + ".");
            part.ifPresent(p -> found.add(path));
            return part;
        }
        throw wrongType(path, stored, type);
    }

    private Optional<Part> list(Stored stored, DataType element, String path) {
        Stored repeated = stored.children().get(0);
        boolean wraps = stored.wrapsElement();
        Stored inner = wraps ? repeated.children().get(0) : repeated;
        Part part = value(inner, element, false, path + "[]")
                .orElseThrow(() -> refused("the column " + path + "[] has none of "
                        + Stored.names(List.of(((StructType) element).fieldNames())) + " (found: " + found(inner)
                        + ")"));
        found.add(path);
        Stored kept = wraps ? repeated.withChildren(List.of(part.kept())) : part.kept();
        return Optional.of(new Part(
                stored.withChildren(List.of(kept)), target -> RowConverters.list(part.reader(), wraps, target)));
    }

    /** A column of another type is taken for one without any value, and that it has none is seen when it is read. */
    private Part leaf(Stored leaf, DataType type, boolean identifier, String path) {
        Optional<Function<Consumer<Object>, Converter>> shape = Shapes.of(leaf, type, identifier);
        boolean hasNoType = leaf.means("UNKNOWN");
        if (shape.isEmpty() && !hasNoType && holdsValues(leaf)) {
            throw wrongType(path, leaf, type);
        }
        leaves.add(leaf.leaf());
        for (RowGroup group : footer.getRow_groups()) {
            // Of one without rows nothing is read, and pyarrow's says that its pages begin with the file.
            if (group.getNum_rows() > 0) {
                requireReadable(group.getColumns().get(leaf.leaf()), path);
            }
        }
        shape.ifPresent(s -> found.add(path));
        return new Part(leaf, shape.orElse(target -> RowConverters.nothing(() -> wrongType(path, leaf, type))));
    }

    /** As far as the footer says. */
    private boolean holdsValues(Stored leaf) {
        for (RowGroup group : footer.getRow_groups()) {
            ColumnMetaData column = group.getColumns().get(leaf.leaf()).getMeta_data();
            if (column != null && column.isSetStatistics()) {
                Statistics of = column.getStatistics();
                if (of.isSetMin() || of.isSetMax() || of.isSetMin_value() || of.isSetMax_value()) {
                    return true;
                }
            }
        }
        return false;
    }

    private void requireReadable(ColumnChunk chunk, String path) {
        ColumnMetaData column = chunk.getMeta_data();
        if (column == null || chunk.isSetCrypto_metadata()) {
            throw new UnreadableFileException(file.path() + " cannot be read: the column " + path
                    + " is encrypted, and this program has no keys. Write it without encryption");
        }
        if (chunk.isSetFile_path()) {
            throw new UnreadableFileException(file.path() + " cannot be read: its column " + path
                    + " lies in another file, " + chunk.getFile_path() + ". Write both into one");
        }
        String codec = codecClass(column);
        if (codec != null && hadoop.getClassByNameOrNull(codec) == null) {
            throw new UnreadableFileException(
                    file.path() + " cannot be read: the column " + path + " is compressed with " + column.getCodec()
                            + ", which this program does not read. Write it with zstd, snappy, gzip or lz4");
        }
        if (column.getEncodings().contains(null)) {
            throw new UnreadableFileException(file.path() + " cannot be read: the column " + path
                    + " has an encoding that this program does not know. Write it with plain or dictionary encoding");
        }
        long first = column.getData_page_offset();
        if (column.isSetDictionary_page_offset() && column.getDictionary_page_offset() >= MAGIC_BYTES) {
            first = Math.min(first, column.getDictionary_page_offset());
        }
        long length = column.getTotal_compressed_size();
        if (first < MAGIC_BYTES || length < 0 || length > file.bytes() - first) {
            throw cannotBeRead("its footer says that the column " + path + " has " + length + " bytes from byte "
                    + first + " on, but the file has " + file.bytes());
        }
    }

    private static String codecClass(ColumnMetaData column) {
        return CompressionCodecName.fromParquet(column.getCodec()).getHadoopCompressionCodecClassName();
    }

    /** Paths of the wanted columns that the file has with a type that fits, such as {@code masks[].score}. */
    Set<String> found() {
        return found;
    }

    /** Bytes that the wanted columns of a row group take in the file. */
    long bytes(RowGroup group) {
        return leaves.stream()
                .mapToLong(leaf -> group.getColumns().get(leaf).getMeta_data().getTotal_compressed_size())
                .sum();
    }

    /** Whether a row group says of each wanted column where its pages are. */
    boolean isIndexed(RowGroup group) {
        return leaves.stream().allMatch(leaf -> group.getColumns().get(leaf).isSetOffset_index_offset());
    }

    /** The file's footer as far as it is about these columns. */
    ParquetMetadata footer(ParquetReadOptions options) throws IOException {
        List<SchemaElement> schema = new ArrayList<>();
        elements(root.kept(), schema);
        List<RowGroup> groups = new ArrayList<>();
        for (RowGroup group : footer.getRow_groups()) {
            RowGroup kept = new RowGroup(
                    leaves.stream()
                            .map(leaf -> plain(group.getColumns().get(leaf)))
                            .toList(),
                    group.getTotal_byte_size(),
                    group.getNum_rows());
            groups.add(kept);
        }
        FileMetaData kept = new FileMetaData(footer.getVersion(), schema, footer.getNum_rows(), groups);
        kept.setCreated_by(footer.getCreated_by());
        return new ParquetMetadataConverter(options).fromParquetMetadata(kept);
    }

    /** How values are stored is all that reading needs; what they mean is known here. */
    private static void elements(Stored kept, List<SchemaElement> into) {
        SchemaElement element = kept.element().deepCopy();
        element.unsetLogicalType();
        element.unsetConverted_type();
        element.unsetField_id();
        if (!kept.isLeaf()) {
            element.setNum_children(kept.children().size());
        }
        into.add(element);
        kept.children().forEach(child -> elements(child, into));
    }

    private static ColumnChunk plain(ColumnChunk chunk) {
        ColumnChunk kept = chunk.deepCopy();
        kept.getMeta_data().unsetStatistics();
        kept.getMeta_data().unsetEncoding_stats();
        kept.getMeta_data().unsetSize_statistics();
        kept.getMeta_data().unsetKey_value_metadata();
        return kept;
    }

    /** Makes rows, one after the other. */
    RecordMaterializer<Row> materializer() {
        return new RowConverters.Rows(root.reader());
    }
}
