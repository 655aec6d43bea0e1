package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.job.testing.CliRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The formats' own tests are beside the classes; here is what scripts rely on. */
class ScoreCommandTest {
    private static final Offset<Double> EXACT = within(1e-9);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path DATA = Path.of("../datasets/src/test/resources/data");
    private static final Path COCO = DATA.resolve("coco_ap/public");
    private static final Path PANOPTIC = DATA.resolve("pq/public/random_set");
    private static final Path SEMANTIC = DATA.resolve("miou/public");
    private static final Path DAVIS = DATA.resolve("davis_mini/public");

    @TempDir
    private Path temp;

    private CliRun run(Object... arguments) {
        return CliRun.of(
                temp,
                Stream.concat(Stream.of("score"), Stream.of(arguments).map(Object::toString))
                        .toArray(String[]::new));
    }

    private JsonNode score(Object... arguments) throws IOException {
        Path json = temp.resolve("scores.json");
        CliRun run = run(
                Stream.concat(Stream.of(arguments), Stream.of("--json", json)).toArray());
        assertThat(run.code()).as(run.out() + run.err()).isZero();
        JsonNode scores = JSON.readTree(json.toFile());
        assertThat(scores.get("format").textValue()).isEqualTo(arguments[0]);
        for (JsonNode score : scores.get("scores")) {
            assertThat(score.fieldNames())
                    .toIterable()
                    .containsExactly(
                            "name",
                            "value",
                            "unit",
                            "better",
                            "task",
                            "formula",
                            "protocol",
                            "raster",
                            "samples",
                            "comparable");
            assertThat(run.out()).contains(score.get("name").textValue());
        }
        return scores;
    }

    private static JsonNode expected(Path folder) throws IOException {
        return JSON.readTree(folder.resolve("expected.json").toFile());
    }

    private static void same(JsonNode expected, JsonNode found, String... names) {
        for (String name : names) {
            assertThat(found.get(name).doubleValue())
                    .as(name)
                    .isCloseTo(expected.get(name).doubleValue(), EXACT);
        }
    }

    @Test
    void coco() throws IOException {
        JsonNode scores =
                score("coco", "--truth", COCO.resolve("gt.json"), "--predictions", COCO.resolve("dt_segm.json"));
        JsonNode expected = expected(COCO).at("/main/segm");
        List<JsonNode> stats =
                StreamSupport.stream(expected.get("stats").spliterator(), false).toList();
        assertThat(scores.get("stats")).hasSize(12);
        for (int i = 0; i < 12; i++) {
            assertThat(scores.get("stats").get(i).doubleValue())
                    .isCloseTo(stats.get(i).doubleValue(), EXACT);
        }
        assertThat(scores.at("/per_class/90/AP").doubleValue()).isEqualTo(-1);
    }

    @Test
    void panoptic() throws IOException {
        JsonNode scores = score(
                "panoptic",
                "--truth",
                PANOPTIC.resolve("gt.json"),
                "--predictions",
                PANOPTIC.resolve("pred.json"),
                "--prediction-masks",
                PANOPTIC.resolve("pred"));
        JsonNode expected = expected(DATA.resolve("pq/public")).get("random_set");
        for (String group : List.of("All", "Things", "Stuff")) {
            same(expected.get(group), scores.get(group), "pq", "sq", "rq", "n");
        }
        same(expected.at("/per_class/18"), scores.at("/per_class/18"), "pq", "sq", "rq");
    }

    @Test
    void semantic() throws IOException {
        JsonNode expected = expected(SEMANTIC);
        JsonNode scores = score(
                "semantic",
                "--truth",
                SEMANTIC.resolve("gt_ade_style"),
                "--predictions",
                SEMANTIC.resolve("pred"),
                "--classes",
                6,
                "--zero-is-ignore");
        same(expected.get("detectron2"), scores.get("detectron2"), "mIoU", "fwIoU", "mACC", "pACC");
        same(expected.get("mmsegmentation"), scores.get("mmsegmentation"), "mIoU", "aAcc");
        assertThat(scores.at("/detectron2/iou/4").isNull()).isTrue();
    }

    @Test
    void davis() throws IOException {
        JsonNode scores = score("davis", "--truth", DAVIS.resolve("DAVIS"), "--predictions", DAVIS.resolve("results"));
        same(expected(DAVIS).get("global"), scores.get("global"), "JM", "JR", "JD", "FM", "FR", "FD", "JF");
        assertThat(scores.at("/per_object/boats/3/JM").doubleValue())
                .isCloseTo(expected(DAVIS).at("/per_object/boats/3/J_mean").doubleValue(), EXACT);
    }

    @Test
    void referring() throws IOException {
        Path truth = Files.writeString(
                temp.resolve("truth.jsonl"),
                """
                {"id": 1, "image_id": 1, "mask": {"size": [2, 2], "counts": [0, 2, 2]}, "ignore": null, "no_target": false, "group": 5}
                {"id": 2, "image_id": 1, "mask": {"size": [2, 2], "counts": [0, 4]}, "ignore": null, "no_target": false, "group": 5}
                """);
        Path predictions = Files.writeString(
                temp.resolve("predictions.jsonl"),
                """
                {"id": 1, "mask": {"size": [2, 2], "counts": [0, 1, 3]}, "no_target": false}
                """);
        JsonNode scores = score("referring", "--truth", truth, "--predictions", predictions);
        assertThat(scores.at("/lisa/cIoU").doubleValue()).isEqualTo(1 / 6.0);
        assertThat(scores.at("/sa2va/cIoU").doubleValue()).isEqualTo(0.5);
        assertThat(scores.at("/lavt/Pr/0.5").doubleValue()).isEqualTo(0.5);
        assertThat(scores.at("/psalm/N_acc").isNull()).isTrue();
        assertThat(scores.at("/rela/T_acc").isNumber()).isTrue();

        JsonNode first = score("referring", "--truth", truth, "--predictions", predictions, "--by-group");
        assertThat(first.at("/gsva/n").intValue()).isEqualTo(1);
        assertThat(first.at("/gsva/intersection").intValue()).isEqualTo(1);
        assertThat(first.at("/gsva/union").intValue()).isEqualTo(2);
    }

    @Test
    void standardOutputTakesTheJsonAlone() throws IOException {
        CliRun run = run(
                "coco",
                "--truth",
                COCO.resolve("gt.json"),
                "--predictions",
                COCO.resolve("dt_segm.json"),
                "--json",
                "-");
        assertThat(run.code()).isZero();
        assertThat(JSON.readTree(run.out()).get("format").textValue()).isEqualTo("coco");
        assertThat(run.err()).contains("AP50");
    }

    @Test
    void whatCannotBeScoredIsOneLine() throws IOException {
        CliRun run = run("coco", "--truth", COCO.resolve("dt_segm.json"), "--predictions", COCO.resolve("gt.json"));
        assertThat(run.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(run.err().lines())
                .hasSize(1)
                .first()
                .asString()
                .contains("dt_segm.json is no instances file in COCO's layout");
        assertThat(run.out()).isEmpty();

        Path missing = temp.resolve("none/scores.json");
        CliRun unwritable = run("davis", "--truth", DAVIS, "--predictions", DAVIS, "--json", missing);
        assertThat(unwritable.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(unwritable.err()).contains("--json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            ''                                              | no format given: coco, panoptic, semantic, referring, davis
            coco --truth a                                  | Missing required option: '--predictions=PATH'
            coco --truth a --predictions b --boxes          | Unknown option: '--boxes'
            coco --truth s3a://b/a --predictions b          | --truth s3a:/b/a is no path of this machine
            panoptic --truth a --predictions b --truth-masks s3a://b/a | --truth-masks s3a:/b/a is no path
            semantic --truth a --predictions b              | Missing required option: '--classes=N'
            semantic --truth a --predictions b --classes 0  | must be a number from 1 to 4096, not '0'
            """)
    void badCommandLinesAreRefused(String arguments, String message) {
        CliRun run = run((Object[]) (arguments.isEmpty() ? new String[0] : arguments.split(" ")));
        assertThat(run.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(run.err()).contains(message);
    }
}
