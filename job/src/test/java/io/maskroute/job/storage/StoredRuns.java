package io.maskroute.job.storage;

import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.Row;

/** The same small run for every file system: its dataset, its command line and its rows. */
final class StoredRuns {
    static final int FILES = 2;
    static final int ROWS = 24;

    /** What may differ between runs of the same model over the same prompts; files may be taken in another order. */
    private static final String[] OF_THE_RUN = {"run_id", "latency", "executor", "attempt"};

    private static final int IMAGES_PER_FILE = 6;

    private StoredRuns() {}

    /**
     * Writes two dataset files, with pictures in rows, beside the dataset by relative URI, and by absolute URI; one of
     * each six is missing, and one has a URI with a password.
     *
     * @param elsewhere folders with the pictures, as URIs
     */
    static void writeDataset(Path folder, List<String> elsewhere, String password) throws IOException {
        List<List<ImageRow>> files = new ArrayList<>();
        for (int file = 0; file < FILES; file++) {
            List<ImageRow> images = new ArrayList<>();
            for (int i = 0; i < IMAGES_PER_FILE; i++) {
                String id = file + "-" + i;
                List<PromptRow> prompts = List.of(
                        prompt(id + "-a", met(20, 30 + i, "first " + id), "first " + id),
                        prompt(id + "-b", null, i == 0 ? FakeSegmenters.REFUSED : "second " + id));
                String picture = "pictures/" + id + ".png";
                byte[] bytes = png(20, 30 + i);
                Path target = folder.resolve(picture);
                Files.createDirectories(target.getParent());
                Files.write(target, bytes);
                String reference =
                        switch (i) {
                            case 0 -> null;
                            case 1 -> picture;
                            case 2 -> "pictures/none.png";
                            case 3 -> "s3a://someone:" + password + "@bucket/" + picture;
                            default -> elsewhere.get((file + i) % elsewhere.size()) + "/" + picture;
                        };
                images.add(new ImageRow(id, reference == null ? bytes : null, reference, prompts, "val", null, null));
            }
            files.add(images);
        }
        Datasets.writeFiles(folder, files);
    }

    static List<String> arguments(String dataset, String model, String output) {
        return List.of(
                "evaluate",
                "--dataset",
                dataset,
                "--model",
                model,
                "--output",
                output,
                "-s",
                "groups.pictures=" + IMAGES_PER_FILE,
                // Several files to a group, so that there is such a thing as half a group.
                "-s",
                "output.file-size=1k");
    }

    /** The arguments with settings behind them. */
    static String[] with(List<String> arguments, Map<String, String> settings) {
        List<String> all = new ArrayList<>(arguments);
        settings.forEach((key, value) -> all.addAll(List.of("-s", key + "=" + value)));
        return all.toArray(String[]::new);
    }

    /** By prompt, without what is the run's own. */
    static Map<String, Row> rows(Path predictions) {
        return Datasets.withSpark(spark -> {
            Map<String, Row> rows = new TreeMap<>();
            for (Row row : spark.read()
                    .parquet(predictions.toString())
                    .drop(OF_THE_RUN)
                    .collectAsList()) {
                assertThat(rows.put(row.getAs("prompt_id"), row)).isNull();
            }
            return rows;
        });
    }

    static void upload(FileSystem files, Path folder, String uri) throws IOException {
        files.copyFromLocalFile(hadoop(folder), new org.apache.hadoop.fs.Path(uri));
    }

    /** @return {@code copy} */
    static Path download(FileSystem files, String uri, Path copy) throws IOException {
        files.copyToLocalFile(new org.apache.hadoop.fs.Path(uri), hadoop(copy));
        return copy;
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }
}
