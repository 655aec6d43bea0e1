package io.maskroute.datasets.parquet;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.filter2.compat.FilterCompat;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.Util;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.internal.column.columnindex.OffsetIndex;
import org.apache.parquet.internal.filter2.columnindex.RowRanges;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open Parquet file of which some columns are wanted. It is read by its own schema, row by row: at a time the wanted columns of
 * one row group are in memory as they are stored, and one page of each column unpacked.
 *
 * <p>Format: parquet-format 2.12 (Parquet.thrift, Encodings.md, LogicalTypes.md).
 */
public final class ParquetFile implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(ParquetFile.class);

    private static final String MAGIC = "PAR1";
    private static final String MAGIC_ENCRYPTED = "PARE";
    private static final int TAIL_BYTES = 8;
    private static final int MESSAGE_LENGTH = 300;

    private final DataFile file;
    private final Projection projection;
    private final List<RowGroup> rowGroups;
    private final ParquetFileReader reader;
    private final String writer;
    private final MessageType schema;

    /**
     * @param rows in it
     * @param bytes that the wanted columns take in the file
     * @param indexed whether it says where its pages are, so that some rows can be read without the others
     */
    public record RowGroup(long rows, long bytes, boolean indexed) implements Serializable {}

    private ParquetFile(
            DataFile file,
            Projection projection,
            List<RowGroup> rowGroups,
            ParquetFileReader reader,
            ParquetMetadata footer) {
        this.file = file;
        this.projection = projection;
        this.rowGroups = rowGroups;
        this.reader = reader;
        this.writer = footer.getFileMetaData().getCreatedBy();
        this.schema = footer.getFileMetaData().getSchema();
    }

    /**
     * Reads the file's footer.
     *
     * @throws UnreadableFileException when it is none of Parquet, lacks a column that is required, has one of another type, or is
     *     encrypted, compressed or encoded in a way that this program does not read
     * @throws StorageException when its storage does not answer
     */
    public static ParquetFile open(DataFile file, WantedColumns wanted, Configuration hadoop) throws IOException {
        DataFileInput in = DataFileInput.open(file, hadoop);
        try {
            return explained(file, "its footer", () -> open(file, wanted, hadoop, in));
        } catch (IOException | RuntimeException | Error e) {
            in.close();
            throw e;
        }
    }

    private static ParquetFile open(DataFile file, WantedColumns wanted, Configuration hadoop, DataFileInput in)
            throws IOException {
        FileMetaData stored = footer(file, in);
        Projection projection = new Projection(file, stored, wanted, hadoop);
        List<RowGroup> rowGroups = stored.getRow_groups().stream()
                .map(group -> new RowGroup(group.getNum_rows(), projection.bytes(group), projection.isIndexed(group)))
                .toList();
        // Uncompressed pages of other bytes would be read as other values, without a word.
        ParquetReadOptions options =
                HadoopReadOptions.builder(hadoop).usePageChecksumVerification().build();
        ParquetMetadata footer = projection.footer(options);
        return new ParquetFile(
                file,
                projection,
                rowGroups,
                new ParquetFileReader(hadoop, new Path(file.path()), footer, options, in),
                footer);
    }

    private static FileMetaData footer(DataFile file, DataFileInput in) throws IOException {
        if (file.bytes() < MAGIC.length() + TAIL_BYTES) {
            throw notParquet(file, file.bytes() == 0 ? "it is empty" : "it has only " + file.bytes() + " bytes");
        }
        ByteBuffer tail = ByteBuffer.allocate(TAIL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        in.seek(file.bytes() - TAIL_BYTES);
        in.readFully(tail.array());
        String magic = new String(tail.array(), Integer.BYTES, MAGIC.length(), StandardCharsets.ISO_8859_1);
        if (magic.equals(MAGIC_ENCRYPTED)) {
            throw new UnreadableFileException(file.path()
                    + " cannot be read: it is encrypted, and this program has no keys. Write it without encryption");
        }
        if (!magic.equals(MAGIC)) {
            throw notParquet(file, "it does not end with " + MAGIC + " (was its writing or copying cut short?)");
        }
        long length = Integer.toUnsignedLong(tail.getInt(0));
        if (length > file.bytes() - MAGIC.length() - TAIL_BYTES) {
            throw notParquet(file, "its footer would be larger than the file");
        }
        byte[] footer = new byte[(int) length];
        in.seek(file.bytes() - TAIL_BYTES - length);
        in.readFully(footer);
        return Util.readFileMetaData(new ByteArrayInputStream(footer));
    }

    private static UnreadableFileException notParquet(DataFile file, String why) {
        return new UnreadableFileException(
                file.path() + " is no Parquet file: " + why + ". Restore it, write it again, or take it away");
    }

    public List<RowGroup> rowGroups() {
        return rowGroups;
    }

    /** Paths of the wanted columns that the file has with a type that fits, such as {@code masks[].score}. */
    public Set<String> found() {
        return projection.found();
    }

    /**
     * Reads rows; they have the schema of {@link WantedColumns#rows}. The iterator throws {@link UnreadableFileException}, and
     * {@link UncheckedIOException} when the storage does not answer. Of several iterators the latest one alone may be used.
     *
     * @param slice of this file
     */
    public Iterator<Row> rows(RowSlice slice) throws IOException {
        String where = "row group " + slice.rowGroup();
        if (slice.count() == 0) {
            return List.<Row>of().iterator();
        }
        RowGroup group = rowGroups.get(slice.rowGroup());
        boolean some = group.indexed() && slice.count() < group.rows();
        PageReadStore pages = explained(
                file,
                where,
                () -> some
                        ? reader.readFilteredRowGroup(slice.rowGroup(), ranges(slice))
                        : reader.readRowGroup(slice.rowGroup()));
        RecordReader<Row> records = explained(file, where, () -> {
            RecordReader<Row> made = new ColumnIOFactory(writer)
                    .getColumnIO(schema)
                    .getRecordReader(pages, projection.materializer(), FilterCompat.NOOP);
            for (long row = 0; !some && row < slice.first(); row++) {
                made.read();
            }
            return made;
        });
        return new Iterator<>() {
            private long left = slice.count();

            @Override
            public boolean hasNext() {
                return left > 0;
            }

            @Override
            public Row next() {
                if (left == 0) {
                    throw new NoSuchElementException();
                }
                try {
                    Row row = explained(file, where, records::read);
                    left--;
                    if (left == 0) {
                        pages.close();
                    }
                    return row;
                } catch (IOException e) {
                    throw new UncheckedIOException(e.getMessage(), e);
                }
            }
        };
    }

    /** Just these rows, as the only page of an index that has no other: the library has no other way to name them. */
    private static RowRanges ranges(RowSlice slice) {
        OffsetIndex page = new OffsetIndex() {
            @Override
            public int getPageCount() {
                return 1;
            }

            @Override
            public long getOffset(int index) {
                throw new UnsupportedOperationException();
            }

            @Override
            public int getCompressedPageSize(int index) {
                throw new UnsupportedOperationException();
            }

            @Override
            public long getFirstRowIndex(int index) {
                return slice.first();
            }

            @Override
            public long getLastRowIndex(int index, long rows) {
                return slice.first() + slice.count() - 1;
            }
        };
        return RowRanges.create(slice.first() + slice.count(), IntStream.of(0).iterator(), page);
    }

    private interface Step<T> {
        T run() throws IOException;
    }

    /** Parquet's library has many names for bytes that make no sense: whatever is not about storage is that. */
    private static <T> T explained(DataFile file, String where, Step<T> step) throws IOException {
        try {
            return step.run();
        } catch (IOException | RuntimeException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof UnreadableFileException known) {
                    throw known;
                }
                if (cause instanceof StorageException storage) {
                    throw storage;
                }
            }
            LOG.debug("{}, {}", file.path(), where, e);
            throw new UnreadableFileException(file.path() + " cannot be read: " + where + ": " + reason(e)
                    + ". Restore the file or write it again");
        }
    }

    /** The outermost message says where, the innermost what. */
    private static String reason(Throwable thrown) {
        Throwable innermost = thrown;
        while (innermost.getCause() != null && innermost.getCause() != innermost) {
            innermost = innermost.getCause();
        }
        String what = line(innermost);
        return innermost == thrown ? what : line(thrown) + " (" + what + ")";
    }

    private static String line(Throwable thrown) {
        String message = thrown.getMessage() == null || thrown.getMessage().isBlank()
                ? thrown.getClass().getSimpleName()
                : thrown.getMessage().lines().findFirst().orElse("");
        return message.length() <= MESSAGE_LENGTH ? message : message.substring(0, MESSAGE_LENGTH) + "…";
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
