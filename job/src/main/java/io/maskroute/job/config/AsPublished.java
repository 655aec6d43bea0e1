package io.maskroute.job.config;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a model's published figures were made with. */
public enum AsPublished {
    /**
     * PSALM's {@code referring_evaluation.py}: all sentences of an object in one prompt, ground truth drawn with OpenCV from whole
     * coordinates, weights loaded in fp16 and computed with in fp32, the best mask whatever its score, and an IoU of 1 where
     * prediction and truth are empty.
     */
    PSALM(
            Map.of(
                    "model.dtype", "fp32",
                    "model.weights-rounding", "fp16",
                    "model.min-score", "0",
                    "runtime.tf32", "false",
                    "metrics.empty-union", "one"),
            Protocol.JOINED,
            GroundTruthRaster.OPENCV_LIKE);

    private final Map<String, String> settings;
    private final Protocol protocol;
    private final GroundTruthRaster raster;

    AsPublished(Map<String, String> settings, Protocol protocol, GroundTruthRaster raster) {
        this.settings = settings;
        this.protocol = protocol;
        this.raster = raster;
    }

    /** {@code psalm}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Keys of the configuration with the values they must have. */
    Map<String, String> settings() {
        return settings;
    }

    /** @throws UnusableInputException saying how the dataset is to be imported, where it was imported otherwise */
    public void require(String dataset, DatasetManifest manifest) {
        List<String> differences = new ArrayList<>();
        if (manifest.protocol() != protocol) {
            differences.add("its protocol is "
                    + (manifest.protocol() == null
                            ? "not recorded"
                            : manifest.protocol().label()) + ", not "
                    + protocol.label());
        }
        if (manifest.groundTruthRaster() != raster) {
            differences.add("its ground truth's raster is "
                    + (manifest.groundTruthRaster() == null
                            ? "not recorded"
                            : manifest.groundTruthRaster().label())
                    + ", not " + raster.label());
        }
        if (!differences.isEmpty()) {
            throw new UnusableInputException("the dataset " + dataset + " is not what " + label()
                    + "'s published figures were made with: " + String.join("; ", differences) + "; import it with"
                    + " --protocol " + protocol.label() + " --ground-truth-raster " + raster.label()
                    + ", or leave --as-published out");
        }
    }
}
