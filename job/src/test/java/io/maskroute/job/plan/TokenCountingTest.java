package io.maskroute.job.plan;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.testing.Datasets;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenCountingTest {
    @TempDir
    private Path dataset;

    @Test
    void readsNeitherImagesNorMasks() {
        Path folder = dataset.resolve("data");
        Datasets.write(folder, 1, List.of(image("a", png(4, 4), prompt("a1", met(4, 4, "a cup"), "a cup"))));
        DatasetManifest manifest = DatasetManifest.read(folder.toString(), new Configuration());

        String plan =
                Datasets.withSpark(spark -> TokenCounting.read(InputDataset.open(spark, folder.toString(), manifest))
                        .queryExecution()
                        .executedPlan()
                        .toString());

        assertThat(plan)
                .contains(
                        "ReadSchema: struct<prompts:array<struct<prompt_id:string,task:string,texts:array<string>>>>");
    }
}
