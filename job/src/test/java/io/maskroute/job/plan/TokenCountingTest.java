package io.maskroute.job.plan;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.fetch.ModelFiles;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.testing.Datasets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenCountingTest {
    @TempDir
    private Path dataset;

    @Test
    void readsNeitherImagesNorMasks() throws Exception {
        Path folder = dataset.resolve("data");
        byte[] picture = "not a picture, but easy to find".getBytes(StandardCharsets.US_ASCII);
        Datasets.write(folder, 1, List.of(image("a", picture, prompt("a1", met(4, 4, "a cup"), "a cup"))));
        DatasetManifest manifest = DatasetManifest.read(folder.toString(), new Configuration());
        // Their pages have other checksums now.
        Datasets.damage(folder, "easy to find");
        Datasets.damage(folder, met(4, 4, "a cup").masks().get(0).mask().counts());

        Datasets.withSpark(spark -> {
            InputDataset input = InputDataset.open(spark, folder.toString(), manifest);

            TokenCounts counts = TokenCounting.count(
                    input,
                    new ModelFiles(null),
                    new ModelOptions("../models/tiny", ModelOptions.DENSE, "fp32", "cpu", false));

            assertThat(counts.pictures()).isEqualTo(Map.of(1, 1L));
            assertThat(input.counts()).isEqualTo(new InputDataset.Counts(1, 0, 1));
            for (String column : List.of("image", "prompts.truth")) {
                assertThatThrownBy(
                                () -> input.part("image_id", column).pictures().collect())
                        .hasMessageContaining("CRC checksum verification failed");
            }
            return null;
        });
    }
}
