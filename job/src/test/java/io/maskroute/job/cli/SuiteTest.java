package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One model over several datasets, and over the first pictures of one. */
class SuiteTest {
    private static final int SIDE = 12;

    @TempDir
    private Path home;

    @BeforeEach
    void someModel() throws IOException {
        Files.createDirectory(home.resolve("model"));
    }

    private Path dataset(String folder, String name, String split, int pictures) {
        Path path = home.resolve(folder);
        List<ImageRow> images = IntStream.range(0, pictures)
                .mapToObj(i -> Datasets.image(
                        folder + i,
                        Datasets.png(SIDE, SIDE),
                        Datasets.prompt(
                                folder + i + "-0", Datasets.met(SIDE, SIDE, "the thing " + i), "the thing " + i)))
                .toList();
        Datasets.write(path, 3, images);
        new DatasetManifest(1, name, split, Protocol.JOINED, null, null, null, "test", null, null)
                .write(path.toString(), new Configuration());
        return path;
    }

    private CliRun run(String command, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                command,
                "--model",
                home.resolve("model").toString(),
                "--output",
                home.resolve("out").toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }

    @Test
    void aSuiteOpensTheModelOnceAndHasThePapersOrder() throws IOException {
        String[] datasets = {
            "--dataset", dataset("g", "refcocog-umd", "test", 1).toString(),
            "--dataset", dataset("b", "refcoco-unc", "testB", 2).toString(),
            "--dataset", "mine=" + dataset("m", "photos", null, 1),
            "--dataset", dataset("p", "refcoco+-unc", "val", 1).toString(),
            "--dataset", dataset("v", "refcoco-unc", "val", 1).toString()
        };
        int opened = FakeSegmenters.OPENED.get();

        CliRun suite = run("evaluate", datasets);

        assertThat(suite.code()).as(suite.err()).isZero();
        assertThat(FakeSegmenters.OPENED.get() - opened).isEqualTo(1);
        JsonNode runs = new ObjectMapper()
                .readTree(home.resolve("out/suite.json").toFile())
                .path("runs");
        assertThat(runs)
                .extracting(run -> run.path("name").textValue())
                .containsExactly(
                        "refcoco-unc-val", "refcoco-unc-testB", "refcoco+-unc-val", "refcocog-umd-test", "mine");
        assertThat(runs.get(1).path("prompts").intValue()).isEqualTo(2);
        assertThat(runs.get(1).path("metrics").path("cIoU").doubleValue()).isEqualTo(1);
        assertThat(home.resolve("out/refcocog-umd-test/summary.json")).exists();
        assertThat(suite.out()).contains("refcoco+-unc-val     100.00");

        CliRun again = run("evaluate", datasets);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains("is finished");
    }

    @Test
    void datasetsOfOneNameAreToldApart() {
        String a = dataset("a", "test", "val", 1).toString();

        CliRun twice = run("evaluate", "--dataset", a, "--dataset", a);

        assertThat(twice.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(twice.err()).contains("NAME=DIR").hasLineCount(1);
        CliRun segment = run("segment", "--dataset", a, "--dataset", a);
        assertThat(segment.code()).isEqualTo(Cli.BAD_USAGE);
    }

    @Test
    void aLimitTakesTheFirstPicturesEachTime() throws IOException {
        String dataset = dataset("some", "test", "val", 9).toString();

        CliRun first = run("segment", "--dataset", dataset, "--limit", "4");

        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).contains("4: 4 ok");
        JsonNode record =
                new ObjectMapper().readTree(home.resolve("out/run.json").toFile());
        assertThat(record.path("config").path("dataset.limit").textValue()).isEqualTo("4");
        List<String> pictures = pictures();
        assertThat(pictures).hasSize(4);

        CliRun other = run("segment", "--dataset", dataset, "--limit", "5");
        assertThat(other.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(other.err()).contains("--limit was 4 and is 5").hasLineCount(1);

        CliRun fresh = run("segment", "--dataset", dataset, "--limit", "4", "--fresh");
        assertThat(fresh.code()).as(fresh.err()).isZero();
        assertThat(pictures()).isEqualTo(pictures);
    }

    private List<String> pictures() {
        return Datasets.read(home.resolve("out/predictions")).stream()
                .map(row -> row.<String>getAs("image_id"))
                .sorted()
                .toList();
    }
}
