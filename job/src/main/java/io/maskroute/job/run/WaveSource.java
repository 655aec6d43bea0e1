package io.maskroute.job.run;

import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.job.config.WaveOptions;
import io.maskroute.job.input.InputDataset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.paths.SparkPath;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.streaming.MicroBatchStream;
import org.apache.spark.sql.connector.read.streaming.Offset;
import org.apache.spark.sql.connector.read.streaming.ReadLimit;
import org.apache.spark.sql.connector.read.streaming.SupportsTriggerAvailableNow;
import org.apache.spark.sql.execution.streaming.FileStreamSource;
import org.apache.spark.sql.execution.streaming.FileStreamSourceLog;
import org.apache.spark.sql.execution.streaming.FileStreamSourceOffset;
import org.apache.spark.sql.execution.streaming.SerializedOffset;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;
import scala.Option;

/**
 * A stream that does nothing but cut a dataset's files into batches, the oldest first: each is a wave's. It keeps Spark's own log of
 * them in the checkpoint, so that the files of a wave are fixed before it begins; {@link Waves} reads that. Unlike Spark's file source
 * it takes a path as it is, not for a pattern, and lists what a dataset's files are, not all that lies beside them.
 */
public final class WaveSource implements TableProvider {
    private static final String FOLDER = "folder";
    private static final String MOST_FILES = "files";
    private static final String MOST_BYTES = "bytes";

    private static final StructType SCHEMA = new StructType().add("nothing", DataTypes.NullType);

    static Map<String, String> options(String dataset, WaveOptions waves) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put(FOLDER, dataset);
        options.put(MOST_FILES, String.valueOf(waves.files().orElse(Integer.MAX_VALUE)));
        options.put(MOST_BYTES, String.valueOf(waves.files().isPresent() ? Long.MAX_VALUE : waves.bytes()));
        return options;
    }

    @Override
    public StructType inferSchema(CaseInsensitiveStringMap options) {
        return SCHEMA;
    }

    @Override
    public Table getTable(StructType schema, Transform[] partitioning, Map<String, String> properties) {
        return new Files();
    }

    private static final class Files implements SupportsRead {
        @Override
        public String name() {
            return "files of a dataset";
        }

        @Override
        @SuppressWarnings("deprecation") // but still abstract
        public StructType schema() {
            return SCHEMA;
        }

        @Override
        public Set<TableCapability> capabilities() {
            return Set.of(TableCapability.MICRO_BATCH_READ);
        }

        @Override
        public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
            return () -> new Scan() {
                @Override
                public StructType readSchema() {
                    return SCHEMA;
                }

                @Override
                public MicroBatchStream toMicroBatchStream(String checkpoint) {
                    return new FileStream(options, checkpoint);
                }
            };
        }
    }

    private static final class FileStream implements MicroBatchStream, SupportsTriggerAvailableNow {
        private final String folder;
        private final int mostFiles;
        private final long mostBytes;
        private final SparkSession spark = SparkSession.active();
        private final FileStreamSourceLog log;
        private final Deque<DataFile> left = new ArrayDeque<>();
        private long lastInLog = -1;

        FileStream(CaseInsensitiveStringMap options, String checkpoint) {
            folder = options.get(FOLDER);
            mostFiles = options.getInt(MOST_FILES, Integer.MAX_VALUE);
            mostBytes = options.getLong(MOST_BYTES, Long.MAX_VALUE);
            log = new FileStreamSourceLog(FileStreamSourceLog.VERSION(), spark, checkpoint);
        }

        @Override
        public void prepareForTriggerAvailableNow() {
            Option<Object> latest = log.getLatestBatchId();
            lastInLog = latest.isEmpty() ? -1 : (long) latest.get();
            Set<String> known = Stream.of(log.restore())
                    .map(entry -> entry.sparkPath().toPath().toString())
                    .collect(Collectors.toSet());
            InputDataset.list(folder, spark.sessionState().newHadoopConf()).files().stream()
                    .sorted(Comparator.comparingLong(DataFile::modified))
                    .filter(file -> !known.contains(file.path()))
                    .forEach(left::add);
        }

        @Override
        public Offset initialOffset() {
            return new FileStreamSourceOffset(-1);
        }

        @Override
        public Offset deserializeOffset(String json) {
            return FileStreamSourceOffset.apply(new SerializedOffset(json));
        }

        @Override
        public Offset latestOffset() {
            throw new UnsupportedOperationException("a batch follows another one");
        }

        @Override
        public Offset latestOffset(Offset start, ReadLimit limit) {
            long next = number(start) + 1;
            // A run that was cut short may have fixed the files of a wave that did not begin.
            if (lastInLog < next) {
                if (left.isEmpty()) {
                    return next == 0 ? null : start;
                }
                if (!log.add(next, nextWave(next).toArray(FileStreamSource.FileEntry[]::new))) {
                    throw new IllegalStateException("another run has just begun the wave " + next);
                }
                lastInLog = next;
            }
            return new FileStreamSourceOffset(next);
        }

        private static long number(Offset offset) {
            return ((FileStreamSourceOffset) offset).logOffset();
        }

        private List<FileStreamSource.FileEntry> nextWave(long number) {
            List<FileStreamSource.FileEntry> wave = new ArrayList<>();
            long bytes = 0;
            while (!left.isEmpty()
                    && (wave.isEmpty()
                            || (wave.size() < mostFiles
                                    && bytes + left.element().bytes() <= mostBytes))) {
                DataFile file = left.remove();
                wave.add(new FileStreamSource.FileEntry(
                        SparkPath.fromPath(new Path(file.path())).urlEncoded(), file.modified(), number));
                bytes += file.bytes();
            }
            return wave;
        }

        @Override
        public InputPartition[] planInputPartitions(Offset start, Offset end) {
            return new InputPartition[0];
        }

        @Override
        public PartitionReaderFactory createReaderFactory() {
            return partition -> {
                throw new UnsupportedOperationException("nothing is read of this stream but its log");
            };
        }

        @Override
        public void commit(Offset end) {
            // The log stays: what has been in a wave is never in another one.
        }

        @Override
        public void stop() {
            // Nothing is open.
        }
    }
}
