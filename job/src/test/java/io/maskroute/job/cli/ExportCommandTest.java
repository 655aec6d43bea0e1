package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exports of one run of the fake model over referring prompts, one of which fails. */
class ExportCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEIGHT = 20;
    private static final int WIDTH = 30;

    @TempDir
    private static Path home;

    private static final Map<String, Rle> truths = new HashMap<>();

    @BeforeAll
    static void aRun() throws IOException {
        Files.createDirectory(home.resolve("model"));
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            // Not in the order of their names.
            String id = "set/pic " + (i * 5 % 7);
            images.add(Datasets.image(
                    id,
                    Datasets.png(HEIGHT, WIDTH),
                    prompt(id + "-a", "the thing " + i, "a thing, number " + i),
                    prompt(id + "-b", "another \"thing\" " + i)));
        }
        images.add(
                Datasets.image("set/failing", Datasets.png(HEIGHT, WIDTH), prompt("failing", FakeSegmenters.REFUSED)));
        Datasets.write(home.resolve("dataset"), 3, images);
        CliRun run = CliRun.withSpark(
                home,
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve("run").toString());
        assertThat(run.code()).as(run.err()).isZero();
    }

    /** Its truth is what the fake model says of another sentence: met in part. */
    private static PromptRow prompt(String id, String... sentences) {
        Rle mask = Rle.of(FakeSegmenters.mask(List.of("truth of " + sentences[0]), HEIGHT, WIDTH));
        truths.put(id, mask);
        Truth truth = Datasets.truth(mask);
        return Datasets.prompt(id, truth, sentences);
    }

    private CliRun export(String format, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "export",
                format,
                home.resolve("run").toString(),
                "--output",
                home.resolve(format).toString()));
        arguments.addAll(List.of(more));
        CliRun run = CliRun.withSpark(home, arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    private Path made(String format, String file) {
        return home.resolve(format).resolve(file);
    }

    private JsonNode json(Path file) throws IOException {
        return JSON.readTree(file.toFile());
    }

    private List<String> names(String format) throws IOException {
        Path folder = home.resolve(format);
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void linesScoreAsTheRunDid() throws IOException {
        export("jsonl");
        Path truth = home.resolve("truth.jsonl");
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, Rle> each : truths.entrySet()) {
            lines.add(JSON.writeValueAsString(Map.of(
                    "id",
                    each.getKey(),
                    "mask",
                    Map.of(
                            "size",
                            List.of(HEIGHT, WIDTH),
                            "counts",
                            each.getValue().compressed()))));
        }
        Files.write(truth, lines);
        Path scores = home.resolve("scores.json");

        CliRun score = CliRun.of(
                home,
                "score",
                "referring",
                "--truth",
                truth.toString(),
                "--predictions",
                made("jsonl", "predictions.jsonl").toString(),
                "--json",
                scores.toString());

        assertThat(score.code()).as(score.err()).isZero();
        JsonNode metrics = json(home.resolve("run/summary.json")).path("metrics");
        JsonNode lisa = json(scores).path("lisa");
        assertThat(metrics.path("cIoU").doubleValue()).isBetween(0.01, 0.99);
        assertThat(lisa.path("cIoU").doubleValue())
                .isEqualTo(metrics.path("cIoU").doubleValue(), within(1e-12));
        assertThat(lisa.path("gIoU").doubleValue())
                .isEqualTo(metrics.path("gIoU").doubleValue(), within(1e-12));
        JsonNode line = JSON.readTree(
                Files.readAllLines(made("jsonl", "predictions.jsonl")).get(0));
        assertThat(line.path("image_name").textValue()).isEqualTo("set/pic 0");
        assertThat(line.path("texts").get(0).textValue()).startsWith("the thing");
    }

    @Test
    void cocoFilesBelongTogether() throws IOException {
        CliRun run = export("coco", "--json", home.resolve("export.json").toString());

        assertThat(names("coco")).containsExactly("failed.csv", "index.csv", "instances.json", "results.json");
        JsonNode instances = json(made("coco", "instances.json"));
        JsonNode results = json(made("coco", "results.json"));
        assertThat(results).hasSize(14);
        assertThat(instances.path("annotations")).hasSize(14);
        assertThat(instances.path("annotations"))
                .extracting(each -> each.path("id").intValue())
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
        // In order of their ids, and "failing" comes before.
        assertThat(instances.path("images"))
                .extracting(each -> each.path("id").intValue() + " "
                        + each.path("file_name").textValue())
                .contains("2 set/pic 0", "8 set/pic 6");
        JsonNode first = instances.path("annotations").get(0);
        Rle mask = Rle.parse(
                HEIGHT, WIDTH, first.path("segmentation").path("counts").textValue());
        assertThat(first.path("area").longValue()).isEqualTo(mask.area());
        assertThat(first.path("bbox").get(2).doubleValue()).isEqualTo(mask.bbox()[2]);
        assertThat(instances.path("categories").get(0).path("name").textValue()).isEqualTo("object");
        assertThat(Files.readString(made("coco", "failed.csv")))
                .contains("failing,set/failing")
                .contains(",refused,");
        assertThat(Files.readAllLines(made("coco", "index.csv")))
                .hasSize(16)
                .anyMatch(line -> line.contains("\"another \"\"thing\"\" 3\""));
        assertThat(run.out()).contains("8 pictures, 15 prompts, 14 masks; 1 prompts failed");
        assertThat(json(home.resolve("export.json")).path("failed").intValue()).isEqualTo(1);

        CliRun score = CliRun.of(
                home,
                "score",
                "coco",
                "--truth",
                made("coco", "instances.json").toString(),
                "--predictions",
                made("coco", "results.json").toString(),
                "--json",
                home.resolve("ap.json").toString());
        assertThat(score.code()).as(score.err()).isZero();

        CliRun again = CliRun.withSpark(
                home,
                "export",
                "coco",
                home.resolve("run").toString(),
                "--output",
                home.resolve("coco").toString());
        assertThat(again.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(again.err()).contains("not an empty folder").hasLineCount(1);
    }

    @Test
    void masksAreFilesWithNamesThatAreEscaped() throws IOException {
        export("png");

        assertThat(names("png"))
                .hasSize(16)
                .contains("set/pic%200/set%2Fpic%200-a.png", "index.csv")
                .noneMatch(name -> name.contains("failing"));
        BufferedImage image =
                ImageIO.read(made("png", "set/pic%200/set%2Fpic%200-b.png").toFile());
        assertThat(image.getWidth()).isEqualTo(WIDTH);
        Rle expected = Rle.of(FakeSegmenters.mask(List.of("another \"thing\" 0"), HEIGHT, WIDTH));
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                assertThat(image.getRaster().getSample(x, y, 0))
                        .isEqualTo(expected.toMask().at(y, x) ? 255 : 0);
            }
        }
        assertThat(Files.readString(made("png", "index.csv"))).contains("set/pic%200/set%2Fpic%200-b.png");
    }

    @Test
    void overlaysReadThePictures() throws IOException {
        Files.move(home.resolve("dataset"), home.resolve("moved"));

        CliRun gone = CliRun.withSpark(
                home,
                "export",
                "overlays",
                home.resolve("run").toString(),
                "--output",
                home.resolve("overlays").toString());
        assertThat(gone.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(gone.err()).contains("--dataset").hasLineCount(1);

        export("overlays", "--dataset", home.resolve("moved").toString());
        Files.move(home.resolve("moved"), home.resolve("dataset"));

        assertThat(names("overlays")).hasSize(16);
        Rle mask = Rle.of(FakeSegmenters.mask(List.of("another \"thing\" 0"), HEIGHT, WIDTH));
        BufferedImage image =
                ImageIO.read(made("overlays", "set/pic%200/set%2Fpic%200-b.jpg").toFile());
        assertThat(image.getWidth()).isEqualTo(WIDTH);
        // The picture is black, masks begin in its corner.
        assertThat(image.getRGB(0, 0) & 0xff).isGreaterThan(40);
        assertThat(mask.area()).isPositive();
    }

    @Test
    void helpListsTheFormats() {
        CliRun help = CliRun.of(home, "export", "--help");

        assertThat(help.out()).contains("coco", "panoptic", "png", "overlays", "jsonl");
        CliRun kind = CliRun.of(home, "export", "png", "run", "--output", "x", "--kind", "gif");
        assertThat(kind.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(kind.err())
                .contains("--kind must be one of mask, palette, labels")
                .hasLineCount(1);
    }
}
