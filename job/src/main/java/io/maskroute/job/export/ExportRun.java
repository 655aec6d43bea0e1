package io.maskroute.job.export;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.results.PredictionTable;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunRecord;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.storage.WholeFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports one finished run. Tasks look at their pictures twice: first they count, so that all numbers are settled; then they write. The
 * driver gets counts and paths alone, and copies the parts one after the other.
 */
public final class ExportRun {
    static final String INDEX = "index.csv";
    static final String FAILED = "failed.csv";

    private static final String INDEX_HEAD = "prompt_id,image_id,image_name,task,texts,status,masks,score,file\n";
    private static final String FAILED_HEAD = "prompt_id,image_id,image_name,task,texts,stage,kind,message\n";
    private static final String FILE_SEPARATOR = ";";
    private static final String TEXT_SEPARATOR = " / ";

    private static final Logger LOG = LoggerFactory.getLogger(ExportRun.class);

    private final ExportFormat format;
    private final String chosen;
    private final String folder;
    private final Optional<String> moved;
    private final PictureReader.Options pictures;

    /**
     * @param chosen value of the format's choice; null where it has none
     * @param folder of the run
     * @param moved where its dataset is now, if it has moved since
     */
    public ExportRun(
            ExportFormat format, String chosen, String folder, Optional<String> moved, PictureReader.Options pictures) {
        this.format = format;
        this.chosen = chosen;
        this.folder = folder;
        this.moved = moved;
        this.pictures = pictures;
    }

    /**
     * @param output a folder that is not there yet, or empty
     * @throws UnusableInputException when the run is not finished, its dataset is gone, or the output is in use
     */
    public ExportSummary to(String output, SparkSession spark) {
        Configuration hadoop = spark.sessionState().newHadoopConf();
        RunFolder run = new RunFolder(folder, hadoop);
        RunSummary.read(run);
        RunRecord record = run.record();
        String dataset = moved.orElse(record.dataset().path());
        DatasetManifest manifest = manifest(dataset, hadoop);
        requireEmpty(output, hadoop);
        JavaRDD<Row> rows = ExportedPictures.of(
                PredictionTable.open(spark, run).rows(),
                InputDataset.open(spark, dataset, manifest),
                format.readsPictures());
        List<Survey> surveys = rows.mapPartitions(Survey::of).collect();
        Survey all = surveys.stream().reduce(Survey.NOTHING, Survey::plus);
        Catalogue classes = Catalogue.of(manifest, all.classSets(), all.withoutClass() > 0);
        Broadcast<SerializableConfiguration> shared =
                new JavaSparkContext(spark.sparkContext()).broadcast(new SerializableConfiguration(hadoop));
        ExportFormat.Writer writer = format.writer(
                chosen,
                new PictureReader(
                        dataset,
                        pictures,
                        PictureOrientation.of(Optional.of(record.dataset().orientation()), manifest),
                        shared));
        List<JoinedFile> files = new ArrayList<>(writer.files(classes));
        files.add(JoinedFile.lines(INDEX, INDEX_HEAD));
        files.add(JoinedFile.lines(FAILED, FAILED_HEAD));
        try {
            Task task = new Task(writer, classes, Survey.numbering(surveys), files, output, shared);
            List<ExportOutput.Written> written =
                    rows.mapPartitionsWithIndex(task, false).collect();
            join(files, written, output, hadoop);
            TreeMap<String, Long> counts = new TreeMap<>();
            written.forEach(each -> each.counts().forEach((what, count) -> counts.merge(what, count, Long::sum)));
            return new ExportSummary(
                    format.name(),
                    folder,
                    output,
                    all.pictures(),
                    all.prompts(),
                    all.failed(),
                    all.masks(),
                    files.stream().map(JoinedFile::name).toList(),
                    counts);
        } finally {
            deleteParts(output, hadoop);
        }
    }

    private DatasetManifest manifest(String dataset, Configuration hadoop) {
        try {
            return DatasetManifest.read(dataset, hadoop);
        } catch (UnusableInputException e) {
            throw new UnusableInputException(
                    e.getMessage() + ". It is the dataset of " + folder
                            + ": where it has moved, name it with --dataset",
                    e);
        }
    }

    private static void requireEmpty(String output, Configuration hadoop) {
        Path path = HadoopFiles.path(output);
        try {
            FileSystem files = HadoopFiles.fileSystem(path, hadoop);
            if (files.exists(path) && (!files.getFileStatus(path).isDirectory() || files.listStatus(path).length > 0)) {
                throw new UnusableInputException("the output " + output
                        + " is there already and not an empty folder: name another with --output, or delete it");
            }
            files.mkdirs(path);
        } catch (IOException e) {
            throw new UnusableInputException("the output " + output + " cannot be made: " + Reason.ofWriting(e), e);
        }
    }

    private static void deleteParts(String output, Configuration hadoop) {
        Path parts = new Path(HadoopFiles.path(output), ExportOutput.PARTS);
        try {
            HadoopFiles.fileSystem(parts, hadoop).delete(parts, true);
        } catch (IOException e) {
            LOG.warn("{} is of no use any more and cannot be deleted: {}", parts, Reason.of(e));
        }
    }

    private static void join(
            List<JoinedFile> files, List<ExportOutput.Written> written, String output, Configuration hadoop) {
        WholeFiles whole = new WholeFiles(hadoop);
        for (JoinedFile file : files) {
            Path path = new Path(HadoopFiles.path(output), file.name());
            try {
                whole.replace(path, out -> {
                    for (JoinedFile.Piece piece : file.pieces()) {
                        if (piece instanceof JoinedFile.Text text) {
                            out.write(text.text().getBytes(StandardCharsets.UTF_8));
                        } else if (piece instanceof JoinedFile.Entries entries) {
                            append(entries, written, out, hadoop);
                        }
                    }
                });
            } catch (IOException e) {
                throw new UnusableInputException(path + " cannot be written: " + Reason.ofWriting(e), e);
            }
        }
    }

    private static void append(
            JoinedFile.Entries entries, List<ExportOutput.Written> written, OutputStream out, Configuration hadoop)
            throws IOException {
        boolean first = true;
        for (ExportOutput.Written task : written) {
            String part = task.parts().get(entries.name());
            if (part == null) {
                continue;
            }
            if (!first) {
                out.write(entries.separator().getBytes(StandardCharsets.UTF_8));
            }
            first = false;
            Path path = new Path(part);
            try (InputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
                in.transferTo(out);
            }
        }
    }

    /** Writes the pictures of one task. */
    private record Task(
            ExportFormat.Writer writer,
            Catalogue classes,
            Survey.Numbering numbering,
            List<JoinedFile> files,
            String folder,
            Broadcast<SerializableConfiguration> hadoop)
            implements Function2<Integer, Iterator<Row>, Iterator<ExportOutput.Written>> {
        @Override
        public Iterator<ExportOutput.Written> call(Integer task, Iterator<Row> rows) throws IOException {
            ExportOutput output =
                    new ExportOutput(folder, task, files, hadoop.value().value());
            long place = numbering.firstPictures().get(task);
            long mask = numbering.firstMasks().get(task);
            while (rows.hasNext()) {
                ExportedPicture picture = ExportedPictures.read(rows.next());
                if (picture.id() != null) {
                    long number = numbering.wholeNumbers() ? Long.parseLong(picture.id()) : place++;
                    writer.write(picture, new ExportFormat.Numbers(number, mask), classes, output);
                    mask += Survey.masks(picture);
                }
                index(picture, output);
            }
            return List.of(output.finish(task)).iterator();
        }

        private static void index(ExportedPicture picture, ExportOutput output) throws IOException {
            for (ExportedPrompt prompt : picture.prompts()) {
                String texts = String.join(TEXT_SEPARATOR, prompt.texts());
                output.text(
                        INDEX,
                        Csv.line(
                                prompt.id(),
                                picture.id(),
                                picture.name(),
                                prompt.task(),
                                texts,
                                prompt.isOk() ? PredictionSchema.OK : PredictionSchema.FAILED,
                                prompt.masks().size(),
                                prompt.score(),
                                String.join(FILE_SEPARATOR, output.takeFiles(prompt))));
                if (!prompt.isOk()) {
                    output.text(
                            FAILED,
                            Csv.line(
                                    prompt.id(),
                                    picture.id(),
                                    picture.name(),
                                    prompt.task(),
                                    texts,
                                    prompt.error().stage(),
                                    prompt.error().kind(),
                                    prompt.error().message()));
                }
            }
        }
    }
}
