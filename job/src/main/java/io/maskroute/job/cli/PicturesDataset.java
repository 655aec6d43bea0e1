package io.maskroute.job.cli;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.imports.ImagesImport;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportOptions;
import io.maskroute.datasets.writer.ImportRun;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.results.Versions;
import io.maskroute.job.run.SparkSessions;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The dataset that a folder of pictures becomes when it is segmented in one go: it lies beside the run's folder, so that the same
 * command goes on with it, and the run can be scored, reported and exported as any other.
 */
final class PicturesDataset {
    /** What {@code segment} takes of {@code import images}. */
    static final List<ImportOption> OPTIONS = List.of(
            ImagesImport.IMAGES,
            ImagesImport.PROMPT_FILE,
            ImagesImport.PROMPT,
            ImagesImport.TASK,
            ImagesImport.CLASSES,
            ImagesImport.IMAGE_COLUMN,
            ImagesImport.TEXT_COLUMN);

    private static final String SUFFIX = "-dataset";
    private static final String MADE_WITH = "_images.json";

    private final JobConfig config;
    private final Map<String, String> given;
    private final String folder;

    /**
     * @param given of {@link #OPTIONS}
     * @throws ImportOptions.BadOptionException when they do not go together
     */
    PicturesDataset(JobConfig config, Map<String, String> given) {
        this.config = config;
        this.given = new TreeMap<>(given);
        // What the run does not look at need not be copied.
        config.limit().ifPresent(pictures -> this.given.put(ImportOption.LIMIT.name(), Long.toString(pictures)));
        String output = config.output().replaceFirst("/+$", "");
        folder = output + SUFFIX;
        Map<String, String> all = all();
        ImagesImport.requireOneKind(ImportOptions.of(ImportRun.options(new ImagesImport()), all));
    }

    private Map<String, String> all() {
        Map<String, String> all = new HashMap<>(given);
        all.put(ImportOption.OUTPUT.name(), folder);
        return all;
    }

    /**
     * Imports the pictures, unless the same was done before.
     *
     * @return the dataset's folder
     * @throws UnusableInputException when they cannot be imported, or the folder holds what was made with other options
     */
    String make(PrintWriter out) {
        Configuration hadoop = SparkSessions.hadoop(config);
        Path made = new Path(HadoopFiles.path(folder), MADE_WITH);
        byte[] options = Json.write(given);
        try {
            FileSystem files = HadoopFiles.fileSystem(made, hadoop);
            if (files.exists(made)) {
                if (config.fresh()) {
                    files.delete(made.getParent(), true);
                } else {
                    requireSame(files, made, options);
                    DatasetManifest manifest = DatasetManifest.read(folder, hadoop);
                    out.println("the pictures are in " + folder + " already ("
                            + manifest.counts().images() + " of them); --fresh imports them again");
                    return folder;
                }
            }
            SparkSessions.with(config, spark -> ImportRun.run(new ImagesImport(), all(), Versions.maskroute(), spark))
                    .lines()
                    .forEach(out::println);
            try (OutputStream file = files.create(made, true)) {
                file.write(options);
            }
            return folder;
        } catch (IOException e) {
            throw new UnusableInputException(folder + " cannot be used: " + Reason.of(e), e);
        }
    }

    private void requireSame(FileSystem files, Path made, byte[] options) throws IOException {
        try (InputStream in = files.open(made)) {
            if (!Arrays.equals(in.readAllBytes(), options)) {
                throw new UnusableInputException(folder
                        + " was made with other options for its pictures and prompts: name another folder with --output,"
                        + " or start over with --fresh");
            }
        }
    }
}
