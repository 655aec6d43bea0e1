package io.maskroute.datasets.shapesref;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.ImportCall;
import io.maskroute.datasets.ImportedRows;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample in {@code examples} is what its README says: made by this import. */
class BundledShapesRefTest {
    private static final Path BUNDLED =
            Path.of("../examples/shapesref-sample").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @Test
    void isWhatTheImportMakes() throws Exception {
        String fresh = folder.resolve("fresh").toString();
        DatasetManifest bundled = DatasetManifest.read(BUNDLED.toString(), new Configuration());

        new ImportCall(new ShapesRefImport())
                .with("--split", "sample")
                .with("--level", "easy")
                .with("--seed", 1)
                .with("--pictures", bundled.counts().images())
                .with("--name", "shapesref-sample")
                .with("--output", fresh)
                .version(bundled.importerVersion())
                .run();

        assertThat(bundled).isEqualTo(DatasetManifest.read(fresh, new Configuration()));
        List<ImageRow> stored = ImportedRows.of(BUNDLED.toString());
        List<ImageRow> made = ImportedRows.of(fresh);
        assertThat(stored).usingRecursiveComparison().ignoringFields("image").isEqualTo(made);
        for (int i = 0; i < made.size(); i++) {
            // Another zlib may compress the same pixels differently.
            assertThat(ShapesRefImportTest.rgb(stored.get(i).image()))
                    .isEqualTo(ShapesRefImportTest.rgb(made.get(i).image()));
        }
    }
}
