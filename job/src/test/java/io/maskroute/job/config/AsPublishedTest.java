package io.maskroute.job.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AsPublishedTest {
    @TempDir
    private Path home;

    private JobConfig load(Map<String, String> settings) {
        return ConfigLoader.load(home, Optional.empty(), settings);
    }

    @Test
    void itSetsWhatTheFiguresWereMadeWith() {
        JobConfig config = load(Map.of("metrics.as-published", "psalm"));
        assertThat(config.asPublished()).contains(AsPublished.PSALM);
        assertThat(config.modelOptions().dtype()).isEqualTo("fp32");
        assertThat(config.modelOptions().weightsRounding()).isEqualTo(WeightsRounding.FP16);
        assertThat(config.modelOptions().tf32()).isFalse();
        assertThat(config.modelOptions().minScore()).isZero();
        assertThat(config.rules().emptyUnion()).isEqualTo(EmptyUnion.ONE);
        assertThat(config.resolved())
                .containsEntry("metrics.as-published", "psalm")
                .containsEntry("model.weights-rounding", "fp16")
                .containsEntry("model.dtype", "fp32");
        assertThat(load(Map.of()).asPublished()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "model.dtype, bf16",
        "model.weights-rounding, none",
        "model.min-score, 0.5",
        "runtime.tf32, true",
        "metrics.empty-union, zero"
    })
    void whatIsAskedForOtherwiseIsRefusedByName(String key, String value) {
        assertThatThrownBy(() -> load(Map.of("metrics.as-published", "psalm", key, value)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(key + " = " + value + ", but metrics.as-published = psalm means ");
    }

    @Test
    void theSameValueMayBeGivenAndOthersAreFree() {
        JobConfig config =
                load(Map.of("metrics.as-published", "psalm", "model.dtype", "fp32", "model.routing", "r.json"));
        assertThat(config.modelOptions().routing()).isEqualTo("r.json");
        assertThatThrownBy(() -> load(Map.of("metrics.as-published", "lisa")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("metrics.as-published must be psalm, not \"lisa\"");
    }

    @ParameterizedTest
    @CsvSource({
        "PER_EXPRESSION, OPENCV_LIKE, 'its protocol is per-expression, not joined; import'",
        "JOINED, COCO, 'its ground truth''s raster is coco, not opencv-like; import'",
        ", , 'its protocol is not recorded, not joined; its ground truth''s raster is not recorded, not opencv-like; import'"
    })
    void aDatasetOfAnotherKindIsRefused(Protocol protocol, GroundTruthRaster raster, String reason) {
        assertThatThrownBy(() -> AsPublished.PSALM.require("data/val", manifest(protocol, raster)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("data/val")
                .hasMessageContaining(reason)
                .hasMessageContaining("--protocol joined --ground-truth-raster opencv-like");
    }

    @Test
    void aDatasetOfItsKindIsTaken() {
        AsPublished.PSALM.require("data/val", manifest(Protocol.JOINED, GroundTruthRaster.OPENCV_LIKE));
    }

    private static DatasetManifest manifest(Protocol protocol, GroundTruthRaster raster) {
        return new DatasetManifest(1, "refcoco", "val", protocol, raster, null, Map.of(), null, null, null);
    }
}
