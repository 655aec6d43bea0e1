package io.maskroute.job.results;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.DatasetManifest;
import java.util.List;
import java.util.Map;

/**
 * {@code run.json}: what ran, for whoever wants to run it again. No credentials.
 *
 * @param started ISO 8601, UTC
 * @param finished ISO 8601, UTC; null while the run goes on, until it is continued to its end
 * @param fingerprint what has to be the same for the run to be continued
 * @param models as the executors loaded them; one, unless a run mixed devices; null before the end
 * @param unknownWeights tensors of the model's files that no part of the model has, and that were passed over; null in runs of
 *     older versions
 * @param config every key with its value
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record RunRecord(
        String runId,
        String command,
        String started,
        String finished,
        DatasetRecord dataset,
        RunFingerprint fingerprint,
        List<ModelRecord> models,
        Map<String, String> versions,
        List<String> unknownWeights,
        Map<String, String> config) {

    /**
     * @param orientation of the pictures in this run, whatever the dataset says; runs of before it was recorded kept them as
     *     stored
     * @param protocol of referring prompts and the raster of their truth decide which published numbers compare
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record DatasetRecord(
            String path,
            String name,
            String split,
            String protocol,
            String groundTruthRaster,
            ExifOrientation orientation) {
        public DatasetRecord {
            orientation = orientation == null ? ExifOrientation.STORED : orientation;
        }

        public static DatasetRecord of(String path, DatasetManifest manifest, ExifOrientation orientation) {
            return new DatasetRecord(
                    path,
                    manifest.name(),
                    manifest.split(),
                    manifest.protocol() == null ? null : manifest.protocol().label(),
                    manifest.groundTruthRaster() == null
                            ? null
                            : manifest.groundTruthRaster().label(),
                    orientation);
        }
    }

    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record ModelRecord(String modelFingerprint, String routingFingerprint, String device) {}

    /** Masks that scored less are not among the predictions. */
    public double minScore() {
        String score = fingerprint == null ? null : fingerprint.parts().get(RunFingerprint.MIN_SCORE);
        return score == null ? 0 : Double.parseDouble(score);
    }

    /** The threshold of the answer rule where that is {@code union}; null where the best mask answered. */
    public Double union() {
        String threshold = fingerprint == null ? null : fingerprint.parts().get(RunFingerprint.UNION);
        return threshold == null ? null : Double.valueOf(threshold);
    }

    public RunRecord finish(String time, List<ModelRecord> found) {
        return new RunRecord(
                runId, command, started, time, dataset, fingerprint, found, versions, unknownWeights, config);
    }
}
