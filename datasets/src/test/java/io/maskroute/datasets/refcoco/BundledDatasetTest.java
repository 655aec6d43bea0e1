package io.maskroute.datasets.refcoco;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.schema.DatasetManifest;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
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

        new ImportCall(new RefcocoImport())
                .with("--refs", mini.resolve("refcoco/refs(unc).p"))
                .with("--instances", mini.resolve("refcoco/instances.json"))
                .with("--images", mini.resolve("images"))
                .with("--split", "all")
                .with("--name", "refcoco-mini")
                .with("--output", fresh)
                .version(bundled.importerVersion())
                .run();

        assertThat(bundled).isEqualTo(DatasetManifest.read(fresh, new Configuration()));
        // Columns that came later are null in both.
        assertThat(ImportedRows.of(BUNDLED.toString()))
                .usingRecursiveComparison()
                .isEqualTo(ImportedRows.of(fresh));
    }
}
