package io.maskroute.job.results;

import static org.apache.spark.sql.functions.col;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.predictions.PredictionSchema;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.datasources.DataSource;
import org.apache.spark.sql.types.DataTypes;

/**
 * The predictions of a run, one folder per wave: {@code predictions/wave=000012/}.
 *
 * <p>A wave is there when its folder holds {@value #MARKER}, the empty file that Hadoop's output committers (rename-based and
 * S3A's alike) write after the last file of a job is in place, and that is never written for a job that failed. Nothing here
 * reads a folder without it, so half a wave is never seen, on any file system, without relying on renames. A folder that has
 * its marker is never written to again: it is a wave's final rows, or is replaced by a folder of the wave's next generation.
 *
 * <p>Rows of a wave are replaced (failed prompts that ran again) by writing the whole wave into another folder, numbered
 * {@code generation * 1,000,000 + wave}, so that {@code wave=1000012} is wave 12 as rewritten once. With its marker it takes
 * the place of the older folder, which is then deleted. The names stay numbers, because tools take them for a column.
 */
public final class WaveFolders {
    private static final String MARKER = "_SUCCESS";
    private static final int GENERATION = 1_000_000;
    private static final Pattern NAME = Pattern.compile("wave=(\\d{6,9})");
    private static final String COLUMN = "wave";
    /** For {@code spark.read} of a single path: it is one, and no pattern. */
    public static final Map<String, String> AS_NAMED = Map.of(DataSource.GLOB_PATHS_KEY(), "false");

    private final Path folder;
    private final Configuration hadoop;

    WaveFolders(Path folder, Configuration hadoop) {
        this.folder = folder;
        this.hadoop = hadoop;
    }

    /**
     * One wave's folder as it is now.
     *
     * @param wave number of the wave, from 0
     * @param generation how often its rows have been replaced
     */
    public record Wave(int wave, int generation, Path path) {}

    /** What is written, wave by wave; each at its newest generation. */
    public Map<Integer, Wave> committed() {
        Map<Integer, Wave> newest = new TreeMap<>();
        for (Wave wave : all(true)) {
            newest.merge(wave.wave(), wave, (a, b) -> a.generation() > b.generation() ? a : b);
        }
        return newest;
    }

    /** Whether there are folders of waves at all, written or half-written. */
    boolean isEmpty() {
        return all(false).isEmpty();
    }

    private List<Wave> all(boolean marked) {
        List<Wave> waves = new ArrayList<>();
        try {
            FileSystem files = files();
            for (FileStatus status : files.listStatus(folder)) {
                Matcher name = NAME.matcher(status.getPath().getName());
                if (status.isDirectory() && name.matches()) {
                    int number = Integer.parseInt(name.group(1));
                    if (!marked || files.exists(new Path(status.getPath(), MARKER))) {
                        waves.add(new Wave(number % GENERATION, number / GENERATION, status.getPath()));
                    }
                }
            }
            return waves;
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** The rows of these waves. */
    public Dataset<Row> read(SparkSession spark, Collection<Wave> waves) {
        return partitions(spark, waves).drop(COLUMN);
    }

    /** The rows of these waves with the column {@value #COLUMN}: the number of the wave, whatever its generation. */
    public Dataset<Row> readNumbered(SparkSession spark, Collection<Wave> waves) {
        return partitions(spark, waves).withColumn(COLUMN, col(COLUMN).mod(GENERATION));
    }

    /** The whole folder, of which Spark reads some partitions: of several paths that look like patterns it would read each several times. */
    private Dataset<Row> partitions(SparkSession spark, Collection<Wave> waves) {
        return spark.read()
                .schema(PredictionSchema.struct().add(COLUMN, DataTypes.IntegerType))
                .options(AS_NAMED)
                .parquet(folder.toString())
                .filter(col(COLUMN)
                        .isInCollection(waves.stream()
                                .map(wave -> number(wave.wave(), wave.generation()))
                                .toList()));
    }

    private static int number(int wave, int generation) {
        return generation * GENERATION + wave;
    }

    /** Where a generation of a wave belongs. */
    public Wave wave(int wave, int generation) {
        if (wave >= GENERATION) {
            throw new UnusableInputException("a run has at most " + GENERATION
                    + " waves; make them larger with waves.size and start over with --fresh");
        }
        return new Wave(
                wave, generation, new Path(folder, String.format(Locale.ROOT, "wave=%06d", number(wave, generation))));
    }

    /**
     * Writes a wave with Spark's committer, in place of what an earlier attempt may have left half-written. Prompts of one
     * picture go into one file; files are joined or split towards {@code fileBytes}.
     */
    public void write(Dataset<Row> rows, Wave wave, long fileBytes) {
        SparkSession spark = rows.sparkSession();
        Map<String, String> before = new HashMap<>();
        Map<String, String> joining = Map.of(
                "spark.sql.adaptive.enabled", "true",
                "spark.sql.adaptive.coalescePartitions.parallelismFirst", "false",
                "spark.sql.adaptive.advisoryPartitionSizeInBytes", fileBytes + "b");
        joining.forEach((key, value) -> {
            before.put(key, spark.conf().get(key));
            spark.conf().set(key, value);
        });
        try {
            // Rows hold times, so they differ from attempt to attempt: only a shuffle by a key sends the rows of a task
            // that runs again to the same files. Spark's round robin would lose some and double others.
            rows.hint("rebalance", col("image_id"))
                    .write()
                    .mode(SaveMode.Overwrite)
                    .option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "true")
                    .options(attemptOfItsOwn())
                    .parquet(wave.path().toString());
        } finally {
            before.forEach(spark.conf()::set);
        }
        try {
            if (!files().exists(new Path(wave.path(), MARKER))) {
                throw new UnusableInputException("the output committer wrote no " + MARKER + " into " + wave.path()
                        + ", so nobody could tell whether the wave is complete; use one that does (see conf)");
            }
        } catch (IOException e) {
            throw new UnusableInputException(wave.path() + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** For a write: tasks of a driver that was killed may still be running, and what they commit must not be taken for this job's. */
    public static Map<String, String> attemptOfItsOwn() {
        return Map.of(
                "mapreduce.job.application.attempt.id",
                String.valueOf(ThreadLocalRandom.current().nextInt(1, 1 << 30)));
    }

    /**
     * When a wave was complete, in milliseconds since 1970 by the output's clock.
     *
     * @throws IOException when it is not
     */
    public long completed(Wave wave) throws IOException {
        return files().getFileStatus(new Path(wave.path(), MARKER)).getModificationTime();
    }

    /** Deletes what nobody reads any more: generations that have been replaced. */
    public void deleteReplaced() {
        Map<Integer, Wave> committed = committed();
        try {
            for (Wave wave : all(false)) {
                Wave newest = committed.get(wave.wave());
                if (newest != null && newest.generation() > wave.generation()) {
                    files().delete(wave.path(), true);
                }
            }
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be written: " + e.getMessage(), e);
        }
    }

    private FileSystem files() throws IOException {
        return HadoopFiles.fileSystem(folder, hadoop);
    }
}
