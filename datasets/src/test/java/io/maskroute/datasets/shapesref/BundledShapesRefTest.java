package io.maskroute.datasets.shapesref;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.TestSpark;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.DatasetSchema;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
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

        new ShapesRefImport(
                        ShapesRef.of(1, "sample", Level.EASY),
                        bundled.counts().images(),
                        "shapesref-sample",
                        fresh,
                        bundled.importerVersion())
                .run(TestSpark.session());

        assertThat(bundled).isEqualTo(DatasetManifest.read(fresh, new Configuration()));
        List<Row> stored = rows(BUNDLED.toString());
        List<Row> made = rows(fresh);
        assertThat(withoutImage(stored)).isEqualTo(withoutImage(made));
        for (int i = 0; i < made.size(); i++) {
            // Another zlib may compress the same pixels differently.
            assertThat(ShapesRefImportTest.rgb(stored.get(i).getAs(DatasetSchema.IMAGE)))
                    .isEqualTo(ShapesRefImportTest.rgb(made.get(i).getAs(DatasetSchema.IMAGE)));
        }
    }

    private static List<Row> rows(String dataset) {
        return TestSpark.session().read().parquet(dataset).collectAsList();
    }

    private static String withoutImage(List<Row> rows) {
        StringBuilder text = new StringBuilder();
        for (Row row : rows) {
            for (int i = 0; i < row.length(); i++) {
                if (i != row.fieldIndex(DatasetSchema.IMAGE)) {
                    text.append(row.get(i)).append('\n');
                }
            }
        }
        return text.toString();
    }
}
