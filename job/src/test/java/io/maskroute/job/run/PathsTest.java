package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.RowFailure;
import io.maskroute.datasets.parquet.RowFileWriter;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.commit.GroupLog;
import io.maskroute.job.commit.GroupManifest;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.InputDataset;
import io.maskroute.job.predictions.Prediction;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.RunIdentity;
import io.maskroute.job.results.PredictionFiles;
import io.maskroute.job.results.PredictionTable;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A path names what it names, whatever its letters, wherever one can be given. */
class PathsTest {
    private static final List<String> LETTERS =
            List.of("[", "]", "{", "}", "?", "*", "\\", " ", "%", "%41", "#", "+", "=", ",", "'", "\"", ":", "ü", "^");
    private static final String ALL = "a [1]{2,3}?*\\x%20#+=,'\":ü^";
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path home;

    static List<String> letters() {
        return LETTERS;
    }

    /** With neighbours that a pattern of that name would match. */
    private static String name(String letter) {
        return "s" + letter + "1" + letter;
    }

    @Test
    void datasetsOutputsAndStoredPredictionsAreTakenLetterByLetter() {
        Datasets.withSpark(spark -> {
            Path plain = home.resolve("s1");
            Datasets.appendWith(spark, plain, List.of(image("n", png(4, 4), prompt("n1", null, "x"))));
            write(new RunFolder(plain.toString(), HADOOP), "n1");
            for (String letter : LETTERS) {
                Path folder = home.resolve(name(letter));
                Path inside = folder.resolve("data").resolve(name(letter));
                try {
                    Files.createDirectories(inside);
                    try (Stream<Path> files = Files.list(plain)) {
                        for (Path file : files.filter(f -> f.toString().endsWith(".parquet"))
                                .toList()) {
                            Files.copy(file, inside.resolve(name(letter) + ".parquet"));
                        }
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                String dataset = folder.resolve("data").toString();
                InputDataset input = InputDataset.open(spark, dataset, manifest());
                assertThat(input.counts()).as(letter).isEqualTo(new InputDataset.Counts(1, 0, 1));

                RunFolder run = new RunFolder(folder.toString(), HADOOP);
                write(run, letter);
                assertThat(PredictionTable.open(spark, run)
                                .rows()
                                .select("prompt_id")
                                .collectAsList())
                        .as(letter)
                        .extracting(Row::toString)
                        .containsExactlyInAnyOrder("[" + letter + "]");
            }
            return null;
        });
    }

    private static DatasetManifest manifest() {
        return new DatasetManifest(1, "test", null, null, null, null, null, null, null, null);
    }

    private static void write(RunFolder run, String promptId) {
        Prediction failed = Prediction.failed(
                new Prediction.Question("i", "i.png", promptId, "referring", List.of("a"), null),
                null,
                new RowFailure(io.maskroute.core.error.Stage.READ, "none", "none"),
                null);
        RunIdentity identity = new RunIdentity("r", "m", "dense", "cpu", "fp32", "driver", 0);
        PredictionFiles places = run.predictionFiles();
        String file = letter(promptId) + ".parquet";
        try (RowFileWriter out = new RowFileWriter(places.hidden() + "/" + file, PredictionSchema.struct(), HADOOP)) {
            out.write(PredictionSchema.toRow(failed, identity));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<GroupManifest.PredictionFile> files =
                List.of(new GroupManifest.PredictionFile(PredictionFiles.path(file), 1, 1, 1));
        try {
            run.groups().append(new GroupManifest("r", "f", 1, files, List.of(), List.of(), List.of()), 1);
        } catch (GroupLog.ConflictException e) {
            throw new IllegalStateException(e);
        }
        places.publish(files, List.of());
    }

    private static String letter(String promptId) {
        return promptId.length() == 1 ? Integer.toHexString(promptId.charAt(0)) : "n";
    }

    @ParameterizedTest
    @MethodSource("letters")
    void picturesAreTakenLetterByLetter(String letter) throws Exception {
        Path dataset = Files.createDirectories(home.resolve(name(letter)));
        Path inside = Files.createDirectories(dataset.resolve(name(letter)));
        Files.writeString(inside.resolve(name(letter) + ".png"), "this one");
        for (String other : List.of("s1", "s11", "sA1A")) {
            if (!other.equals(name(letter))) {
                Files.createDirectories(dataset.resolve(other));
                Files.writeString(dataset.resolve(other).resolve(other + ".png"), "another");
            }
        }
        ImageBytes images = new ImageBytes(dataset.toString(), List.of(), HADOOP, 100);

        for (String uri : List.of(
                name(letter) + "/" + name(letter) + ".png",
                "../" + name(letter) + "/" + name(letter) + "/" + name(letter) + ".png",
                inside + "/" + name(letter) + ".png",
                "file:" + inside + "/" + name(letter) + ".png",
                inside.resolve(name(letter) + ".png").toUri().toString())) {
            ImageRow row = new ImageRow("i", null, uri, List.of(), null, null, null);
            assertThat(images.read(row)).as(uri).asString().isEqualTo("this one");
        }
    }

    /** All of them in all places at once: a run in groups, its retry, its report, its scores. */
    @Test
    void aWholeRunGoesThroughPathsOfAllLetters() throws IOException {
        Path dataset = home.resolve("d " + ALL);
        Path model = Files.createDirectories(home.resolve("m " + ALL));
        String out = home.resolve("o " + ALL).toString();
        Path images = Files.createDirectories(dataset.resolve(ALL));
        Files.write(images.resolve(ALL + ".png"), png(20, 30));
        Files.createFile(model.resolve(FakeSegmenters.FLAKY));
        Datasets.writeFiles(
                dataset,
                List.of(
                        List.of(new ImageRow(
                                "a",
                                null,
                                ALL + "/" + ALL + ".png",
                                List.of(prompt("a1", met(20, 30, "x"), "x"), prompt("a2", null, FakeSegmenters.FLAKY)),
                                null,
                                null,
                                null)),
                        List.of(image("b", png(20, 30), prompt("b1", met(20, 30, "y"), "y")))));
        moveInside(dataset, ALL);
        String[] run = {
            "evaluate",
            "--model",
            model.toString(),
            "--dataset",
            dataset.toString(),
            "--output",
            out,
            "-s",
            "groups.pictures=1"
        };

        assertOk(CliRun.withSpark(home, run));
        assertThat(summary(out).get("prompts").asInt()).isEqualTo(3);
        assertThat(summary(out).get("failed").asInt()).isEqualTo(1);
        Files.delete(model.resolve(FakeSegmenters.FLAKY));
        List<String> again = new ArrayList<>(List.of(run));
        again.add("--retry-failed");
        assertOk(CliRun.withSpark(home, again.toArray(String[]::new)));

        assertThat(summary(out).get("ok").asInt()).isEqualTo(3);
        assertThat(summary(out).at("/metrics/gIoU").asDouble()).isEqualTo(1);
        assertThat(Files.readString(Path.of(out, "report.html"))).contains("data:image");
        assertOk(CliRun.withSpark(home, "report", out));
        Path json = home.resolve("scores " + ALL + ".json");
        assertOk(CliRun.withSpark(
                home, "evaluate", "--predictions", out, "--dataset", dataset.toString(), "--json", json.toString()));
        assertThat(new ObjectMapper().readTree(json.toFile()).get("metrics"))
                .isEqualTo(summary(out).get("metrics"));
    }

    private static void moveInside(Path dataset, String name) throws IOException {
        try (Stream<Path> files = Files.list(dataset)) {
            int number = 0;
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
                Files.move(file, dataset.resolve(name).resolve(number + name + ".parquet"));
                number++;
            }
        }
    }

    private static void assertOk(CliRun run) {
        assertThat(run.err()).doesNotContain("maskroute: ");
        assertThat(run.code()).isZero();
    }

    private static JsonNode summary(String out) throws IOException {
        return new ObjectMapper().readTree(Path.of(out, "summary.json").toFile());
    }
}
