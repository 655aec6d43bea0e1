package io.maskroute.datasets.refcoco;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.TestData;
import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.schema.DatasetManifest;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dataset in {@code examples} is what its README says: made from the test data by this import. */
class BundledDatasetTest {
    private static final Path BUNDLED =
            Path.of("../examples/refcoco-mini").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    @Test
    void isWhatTheImportMakes() {
        Path mini = TestData.path("refcoco_mini/public");
        String fresh = folder.resolve("fresh").toString();
        DatasetManifest bundled = DatasetManifest.read(BUNDLED.toString(), new Configuration());

        RefcocoImport.builder()
                .refs(mini.resolve("refcoco/refs(unc).p").toString())
                .instances(mini.resolve("refcoco/instances.json").toString())
                .images(mini.resolve("images").toString())
                .split("all")
                .name("refcoco-mini")
                .importerVersion(bundled.importerVersion())
                .output(fresh)
                .build()
                .run(TestSpark.session());

        assertThat(bundled).isEqualTo(DatasetManifest.read(fresh, new Configuration()));
        assertThat(rows(BUNDLED.toString()).equals(rows(fresh))).isTrue();
    }

    private static List<Row> rows(String dataset) {
        return TestSpark.session().read().parquet(dataset).collectAsList();
    }
}
