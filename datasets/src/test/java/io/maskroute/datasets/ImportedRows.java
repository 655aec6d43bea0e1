package io.maskroute.datasets;

import io.maskroute.core.error.RowFailure;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** What an import wrote, in its order. */
public final class ImportedRows {
    private ImportedRows() {}

    public static List<ImageRow> of(String dataset) {
        List<ImageRow> read = new ArrayList<>();
        for (Path file : files(Path.of(dataset))) {
            Dataset<Row> rows = TestSpark.session().read().parquet(file.toString());
            ImageRowReader reader = ImageRowReader.of(rows.schema(), dataset);
            for (Row row : rows.collectAsList()) {
                try {
                    read.add(reader.read(row));
                } catch (RowFailure e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return read;
    }

    public static List<PromptRow> prompts(String dataset) {
        return of(dataset).stream().flatMap(row -> row.prompts().stream()).toList();
    }

    public static List<Path> files(Path dataset) {
        try (Stream<Path> files = Files.list(dataset)) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
