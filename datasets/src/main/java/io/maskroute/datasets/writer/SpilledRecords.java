package io.maskroute.datasets.writer;

import io.maskroute.datasets.schema.HadoopFiles;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;

/**
 * Records that come in any order and are wanted by their key, too many for memory: they are sorted in portions, each portion is a
 * file, and whoever wants the records of some keys reads one stretch of each file. Of every record a key and a place stay in memory.
 */
public final class SpilledRecords implements Closeable {
    /** The larger, the fewer files must be opened for a key; a driver of 2 GB has room for this. */
    private static final int PORTION_BYTES =
            (int) Math.min(256 << 20, Runtime.getRuntime().maxMemory() / 8);

    private final Path folder;
    private final Configuration hadoop;
    private final int portionBytes;
    private final List<Record> portion = new ArrayList<>();
    private final List<Portion> portions = new ArrayList<>();
    private int bytes;

    /** @param folder readable by all tasks */
    public SpilledRecords(Path folder, Configuration hadoop) {
        this(folder, hadoop, PORTION_BYTES);
    }

    SpilledRecords(Path folder, Configuration hadoop, int portionBytes) {
        this.folder = folder;
        this.hadoop = hadoop;
        this.portionBytes = portionBytes;
    }

    private record Record(long key, byte[] value) {}

    /** The keys of a file's records, ascending, and where each record begins; one place more for the end. */
    private record Portion(String file, long[] keys, long[] places) {}

    public void add(long key, byte[] value) throws IOException {
        portion.add(new Record(key, value));
        bytes += value.length;
        if (bytes >= portionBytes) {
            spill();
        }
    }

    /** Ends the writing. */
    @Override
    public void close() throws IOException {
        if (!portion.isEmpty()) {
            spill();
        }
    }

    private void spill() throws IOException {
        // Stable: records of one key stay in their order.
        portion.sort(Comparator.comparingLong(Record::key));
        Path file = new Path(folder, "records-" + portions.size());
        long[] keys = new long[portion.size()];
        long[] places = new long[portion.size() + 1];
        try (FSDataOutputStream out = HadoopFiles.fileSystem(file, hadoop).create(file, true)) {
            for (int i = 0; i < keys.length; i++) {
                keys[i] = portion.get(i).key();
                out.write(portion.get(i).value());
                places[i + 1] = places[i] + portion.get(i).value().length;
            }
        }
        portions.add(new Portion(file.toString(), keys, places));
        portion.clear();
        bytes = 0;
    }

    /** Where the records of a key lie, in the order they came in. */
    public List<Stretch> of(long key) {
        List<Stretch> stretches = new ArrayList<>();
        for (Portion each : portions) {
            int from = lowerBound(each.keys(), key);
            int to = from;
            while (to < each.keys().length && each.keys()[to] == key) {
                to++;
            }
            if (to > from) {
                int[] lengths = new int[to - from];
                for (int i = 0; i < lengths.length; i++) {
                    lengths[i] = (int) (each.places()[from + i + 1] - each.places()[from + i]);
                }
                stretches.add(new Stretch(each.file(), each.places()[from], lengths));
            }
        }
        return stretches;
    }

    /** All keys that there are, ascending, each once. */
    public long[] keys() {
        return portions.stream()
                .flatMapToLong(each -> Arrays.stream(each.keys()))
                .sorted()
                .distinct()
                .toArray();
    }

    private static int lowerBound(long[] keys, long key) {
        int low = 0;
        int high = keys.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (keys[middle] < key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /**
     * Records of one key that lie behind one another in a file.
     *
     * @param lengths of each, in bytes
     */
    public record Stretch(String file, long from, int[] lengths) implements Serializable {
        public List<byte[]> read(Configuration hadoop) throws IOException {
            Path path = new Path(file);
            try (FSDataInputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
                in.seek(from);
                List<byte[]> records = new ArrayList<>(lengths.length);
                for (int length : lengths) {
                    byte[] bytes = new byte[length];
                    in.readFully(bytes);
                    records.add(bytes);
                }
                return records;
            }
        }
    }

    /** A record in the making. */
    public static final class Maker extends DataOutputStream {
        private final ByteArrayOutputStream bytes;

        public Maker() {
            this(new ByteArrayOutputStream(256));
        }

        private Maker(ByteArrayOutputStream bytes) {
            super(bytes);
            this.bytes = bytes;
        }

        public byte[] toBytes() throws IOException {
            flush();
            return bytes.toByteArray();
        }
    }
}
