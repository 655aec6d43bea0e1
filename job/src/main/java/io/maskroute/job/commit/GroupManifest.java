package io.maskroute.job.commit;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;

/**
 * An entry of the log, {@code _run/groups/NNNNNN.json}: rows that count from the moment it exists, and what they were made of.
 *
 * @param format {@value #FORMAT}
 * @param group its number, from 1
 * @param epoch of the lease under which it was made
 * @param runId of the run it belongs to
 * @param fingerprint of that run
 * @param pictures that were worked through for it
 * @param files with its rows
 * @param replaces paths of files of earlier entries that count no more: their rows are in {@code files}
 * @param units of the input that it is made of
 * @param inputs the files that the units are in, as they were when they were read
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record GroupManifest(
        int format,
        int group,
        int epoch,
        String runId,
        String fingerprint,
        long pictures,
        List<PredictionFile> files,
        List<String> replaces,
        List<Unit> units,
        List<Input> inputs) {
    static final int FORMAT = 1;

    /** What is put into the log; the log adds the numbers. */
    public GroupManifest(
            String runId,
            String fingerprint,
            long pictures,
            List<PredictionFile> files,
            List<String> replaces,
            List<Unit> units,
            List<Input> inputs) {
        this(FORMAT, 0, 0, runId, fingerprint, pictures, files, replaces, units, inputs);
    }

    GroupManifest numbered(int number, int leaseEpoch) {
        return new GroupManifest(
                format, number, leaseEpoch, runId, fingerprint, pictures, files, replaces, units, inputs);
    }

    /**
     * A file of predictions.
     *
     * @param path below the run folder
     * @param failed how many of its rows are failures
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record PredictionFile(String path, long rows, long failed, long bytes) {}

    /**
     * Rows of the dataset that follow one another.
     *
     * @param file with scheme
     * @param rowGroup of the file, from 0
     * @param first row in the row group, from 0
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Unit(String file, int rowGroup, long first, long count) {}

    /**
     * A file of the dataset.
     *
     * @param modified in milliseconds since 1970, by its storage's clock
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Input(String file, long bytes, long modified) {}
}
