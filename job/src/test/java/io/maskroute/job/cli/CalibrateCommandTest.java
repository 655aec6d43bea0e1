package io.maskroute.job.cli;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of the bundled model. */
class CalibrateCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MODEL = "../models/tiny";
    private static final String PHOTOGRAPHS = "../examples/refcoco-mini";

    @TempDir
    private Path temp;

    @Test
    void theAdapterIsWithinItsBudgetAndRuns() throws IOException {
        Path adapter = temp.resolve("adapter");
        Path json = temp.resolve("result.json");

        CliRun run = calibrate(PHOTOGRAPHS, adapter, "--flops-budget", "0.7", "--json", json.toString());

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("untrained", "attention", "stride", adapter.toString());
        JsonNode result = JSON.readTree(adapter.resolve("calibration.json").toFile());
        assertThat(JSON.readTree(json.toFile())).isEqualTo(result);
        double ratio = result.at("/schedule/flops_ratio").doubleValue();
        assertThat(ratio).isGreaterThan(0.5).isLessThanOrEqualTo(0.7);
        assertThat(damage(result.at("/search/chosen")))
                .isLessThanOrEqualTo(damage(result.at("/search/uniform")) + 1e-12);
        assertThat(result.at("/layers")).hasSize(8).allSatisfy(layer -> assertThat(
                        layer.get("attention").doubleValue())
                .isBetween(0.0, 1.0));
        for (int layer = 0; layer < 7; layer++) {
            assertThat(result.at("/layers/" + layer + "/fits")).hasSize(3).allSatisfy(fit -> {
                assertThat(fit.get("fitted").doubleValue())
                        .isLessThan(fit.get("untrained").doubleValue());
                // Five pictures with 16 x 16 tokens less their proxies.
                int k = fit.get("stride").intValue();
                int side = (16 + k - 1) / k;
                assertThat(fit.get("followers").longValue()).isEqualTo(5L * (256 - side * side));
            });
        }
        // In the last layer there is nothing to save.
        assertThat(result.at("/layers/7/fits")).isEmpty();
        assertThat(Files.readString(adapter.resolve("calibration.html")))
                .contains("Attention of mask tokens to image tokens", "FFN error at stride 2")
                .doesNotContain("<script", "http://", "https://");
        assertThat(files(adapter))
                .containsExactly("calibration.html", "calibration.json", "routing.json", "routing.safetensors");

        CliRun evaluated = CliRun.withModel(
                temp,
                2,
                "evaluate",
                "--model",
                MODEL,
                "--dataset",
                PHOTOGRAPHS,
                "--routing",
                adapter.toString(),
                "--output",
                temp.resolve("out").toString());
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        assertThat(JSON.readTree(temp.resolve("out/summary.json").toFile())
                        .at("/ok")
                        .intValue())
                .isEqualTo(42);

        // The report can be made again when the adapter is gone.
        String report = Files.readString(temp.resolve("out/report.html"));
        assertThat(report).contains("Where mask tokens look", "FFN error of the routing adapter");
        assertThat(JSON.readTree(temp.resolve("out/calibration.json").toFile())).isEqualTo(result);
        Path moved = Files.move(adapter, temp.resolve("moved"));
        assertThat(CliRun.withModel(temp, 1, "report", temp.resolve("out").toString())
                        .code())
                .isZero();
        assertThat(Files.readString(temp.resolve("out/report.html"))).isEqualTo(report);
        Files.move(moved, adapter);

        CliRun again = calibrate(PHOTOGRAPHS, adapter);
        assertThat(again.code()).isEqualTo(2);
        assertThat(again.err()).contains("holds a routing adapter already; give --fresh");
    }

    @Test
    void theNumberOfTasksChangesNothing() throws IOException {
        Path dataset = pictures(9);

        Map<String, float[]> one = tensors(calibrated(dataset, "1"));
        Map<String, float[]> two = tensors(calibrated(dataset, "2"));
        Map<String, float[]> five = tensors(calibrated(dataset, "5"));

        assertThat(one.keySet()).hasSizeGreaterThan(6);
        for (Map<String, float[]> other : List.of(two, five)) {
            assertThat(other.keySet()).isEqualTo(one.keySet());
            one.forEach((name, values) -> assertThat(other.get(name)).as(name).containsExactly(values, within(1e-6f)));
        }
        JsonNode first = JSON.readTree(temp.resolve("1/calibration.json").toFile());
        for (String tasks : List.of("2", "5")) {
            JsonNode other =
                    JSON.readTree(temp.resolve(tasks + "/calibration.json").toFile());
            assertSame(first, other, "");
        }
    }

    private Path calibrated(Path dataset, String tasks) {
        Path output = temp.resolve(tasks);
        CliRun run = calibrate(
                dataset.toString(),
                output,
                "--flops-budget",
                "0.7",
                "--strides",
                "2,4",
                "--rank",
                "4",
                "--tasks",
                tasks);
        assertThat(run.code()).as(run.err()).isZero();
        return output;
    }

    private static void assertSame(JsonNode expected, JsonNode actual, String at) {
        if (expected.isContainerNode()) {
            assertThat(actual).as(at).hasSameSizeAs(expected);
            expected.fieldNames()
                    .forEachRemaining(name -> assertSame(expected.get(name), actual.get(name), at + "/" + name));
            for (int i = 0; i < expected.size() && expected.isArray(); i++) {
                assertSame(expected.get(i), actual.get(i), at + "/" + i);
            }
        } else if (expected.isDouble()) {
            assertThat(actual.doubleValue()).as(at).isCloseTo(expected.doubleValue(), within(1e-6));
        } else {
            assertThat(actual).as(at).isEqualTo(expected);
        }
    }

    @Test
    void aCalibrationGoesOnBehindItsLastPass() throws IOException {
        Path dataset = pictures(4);
        Path whole = temp.resolve("whole");
        Path stopped = temp.resolve("stopped");
        Path work = temp.resolve("work");
        String[] options = {"--flops-budget", "0.7", "--strides", "2", "--rank", "4", "--memory", "3m"};
        assertThat(calibrate(dataset.toString(), whole, options).code()).isZero();
        assertThat(calibrate(dataset.toString(), stopped, with(options, "--work", work.toString()))
                        .code())
                .isZero();
        JsonNode result = JSON.readTree(whole.resolve("calibration.json").toFile());
        assertThat(result.get("passes").intValue()).isEqualTo(4);
        assertThat(result.at("/projectors/sums_bytes").longValue()).isLessThanOrEqualTo(3L << 20);

        // As if it had been killed in the third pass.
        for (int layer = 4; layer < 7; layer++) {
            Files.delete(work.resolve("layer-" + layer + "-stride-2.safetensors"));
        }
        deleteAdapter(stopped);
        CliRun resumed = calibrate(dataset.toString(), stopped, with(options, "--work", work.toString()));

        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err()).contains("4 of 7 projectors are fitted already", "pass 2 of 2");
        Map<String, float[]> expected = tensors(whole);
        tensors(stopped)
                .forEach((name, values) ->
                        assertThat(values).as(name).containsExactly(expected.get(name), within(1e-6f)));

        // Another budget needs no data, another fit is refused.
        CliRun budget = calibrate(
                dataset.toString(),
                temp.resolve("other"),
                with(options, "--work", work.toString(), "--flops-budget", "0.8"));
        assertThat(budget.code()).as(budget.err()).isZero();
        assertThat(budget.err()).doesNotContain("pass 1");
        CliRun taken = calibrate(dataset.toString(), stopped, with(options, "--work", work.toString()));
        assertThat(taken.code()).isEqualTo(2);
        assertThat(taken.err()).contains("give another folder: --fresh would", "delete the work in " + work);
        CliRun refused = calibrate(
                dataset.toString(), temp.resolve("third"), with(options, "--work", work.toString(), "--rank", "5"));
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err())
                .contains("holds the work of another calibration")
                .contains("--fresh");
    }

    @Test
    void whatReplacesAnAdapterGoesOnWithoutFresh() throws IOException {
        Path dataset = pictures(4);
        Path adapter = temp.resolve("adapter");
        String[] options = {"--flops-budget", "0.7", "--strides", "2", "--rank", "4"};
        assertThat(calibrate(dataset.toString(), adapter, options).code()).isZero();
        Map<String, float[]> expected = tensors(adapter);

        // What it reads is kept, and then it ends, as if it had been killed.
        List<String> fresh = new ArrayList<>(List.of(with(options, "--flops-budget", "0.01")));
        fresh.add("--fresh");
        CliRun stopped = calibrate(dataset.toString(), adapter, fresh.toArray(String[]::new));
        assertThat(stopped.code()).isEqualTo(2);
        assertThat(stopped.err()).contains("pass 1 of 1", "out of reach");
        assertThat(files(adapter)).containsExactly("work");
        CliRun resumed = calibrate(dataset.toString(), adapter, options);

        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err())
                .contains("7 of 7 projectors are fitted already")
                .doesNotContain("pass 1");
        assertThat(files(adapter))
                .containsExactly("calibration.html", "calibration.json", "routing.json", "routing.safetensors");
        Map<String, float[]> tensors = tensors(adapter);
        assertThat(tensors.keySet()).isEqualTo(expected.keySet());
        tensors.forEach(
                (name, values) -> assertThat(values).as(name).containsExactly(expected.get(name), within(1e-6f)));
    }

    @Test
    void anAdapterIsCompleteWhenItHasItsSchedule() throws IOException {
        Path dataset = pictures(3);
        Path adapter = temp.resolve("adapter");
        String[] options = {"--flops-budget", "0.7", "--strides", "4", "--rank", "4"};
        // No file can be written there.
        Path inTheWay = Files.createDirectories(adapter.resolve("calibration.html"));

        CliRun stopped = calibrate(dataset.toString(), adapter, options);
        assertThat(stopped.code()).isEqualTo(2);
        assertThat(stopped.err()).contains(adapter + " cannot be written");
        assertThat(adapter.resolve("routing.json")).doesNotExist();
        Files.delete(inTheWay);
        CliRun resumed = calibrate(dataset.toString(), adapter, options);

        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(resumed.err()).doesNotContain("pass 1");
        assertThat(files(adapter))
                .containsExactly("calibration.html", "calibration.json", "routing.json", "routing.safetensors");
    }

    @Test
    void aFolderOfAnObjectStoreIsRefusedRatherThanMadeHere() {
        CliRun run = calibrate(PHOTOGRAPHS, Path.of("s3a://adapters/a"));

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("--output s3a:/adapters/a is no path of this machine");
    }

    /** The last of two values of an option counts. */
    private static String[] with(String[] options, String... more) {
        List<String> all = new ArrayList<>(List.of(options));
        for (int i = 0; i < more.length; i += 2) {
            int at = all.indexOf(more[i]);
            if (at >= 0) {
                all.set(at + 1, more[i + 1]);
            } else {
                all.addAll(Arrays.asList(more).subList(i, i + 2));
            }
        }
        return all.toArray(String[]::new);
    }

    private static void deleteAdapter(Path folder) throws IOException {
        for (String file : files(folder)) {
            Files.delete(folder.resolve(file));
        }
    }

    @Test
    void badRowsAreLeftOutAndCounted() throws IOException {
        List<ImageRow> images = new ArrayList<>(rows(3));
        images.add(image("text", "no picture at all".getBytes(), prompt("t1", null, "the cup")));
        images.add(image("half", Arrays.copyOf(picture(5), 60), prompt("h1", null, "the cup")));
        images.add(new ImageRow("none", null, null, List.of(), null, null, null));
        images.add(new ImageRow("gone", null, "gone.png", List.of(), null, null, null));
        images.add(new ImageRow(null, picture(6), null, List.of(), null, null, null));
        images.add(image(
                "prompts",
                picture(7),
                prompt("wordless", null),
                new PromptRow("everything", "panoptic", List.of(), "coco", List.of(), null),
                prompt("usable", null, "the red one")));
        images.add(image("silent", picture(8)));
        Path dataset = temp.resolve("hostile");
        Datasets.write(dataset, 2, images);
        Path adapter = temp.resolve("adapter");

        // Half of the pictures are held out, so that some of either kind can be used whatever their hashes are.
        CliRun run =
                calibrate(dataset.toString(), adapter, "--held-out", "0.5", "--flops-budget", "0.7", "--strides", "4");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result =
                JSON.readTree(adapter.resolve("calibration.json").toFile()).get("dataset");
        long skipped = 0;
        for (JsonNode count : result.get("skipped_pictures")) {
            skipped += count.longValue();
        }
        assertThat(skipped).as(result.toString()).isEqualTo(5);
        assertThat(result.get("pictures").longValue() + result.get("held_out").longValue())
                .isEqualTo(5);
        assertThat(result.at("/skipped_pictures/read~1image-not-found").longValue())
                .isEqualTo(1);
        assertThat(result.at("/skipped_prompts/read~1empty-prompt").longValue()).isEqualTo(1);
        assertThat(result.at("/skipped_prompts/read~1unsupported-task").longValue())
                .isEqualTo(1);
        assertThat(result.get("prompts").longValue()).isEqualTo(4);
        assertThat(run.out()).contains("left out: ");
    }

    @Test
    void theProjectorsOfAGivenScheduleAreFitted() throws IOException {
        Path dataset = pictures(3);
        Path schedule = Files.writeString(
                temp.resolve("routing.json"),
                """
                {"format": 1, "mask_token_layer": 3, "image_tokens": {"proxies": {"kind": "grid", "stride": 2},
                 "layers": [1, 7], "projector": {"kind": "linear", "rank": 5, "delta_rank": 3}}}
                """);
        Path adapter = temp.resolve("adapter");

        CliRun run = calibrate(dataset.toString(), adapter, "--schedule", schedule.toString());

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(JSON.readTree(adapter.resolve("routing.json").toFile())).isEqualTo(JSON.readTree(schedule.toFile()));
        try (Safetensors tensors = Safetensors.open(adapter.resolve("routing.safetensors"))) {
            assertThat(tensors.names()).hasSize(12);
            assertThat(tensors.info("layers.7.proj.delta.up.weight").shape()).containsExactly(128, 3);
            assertThat(tensors.info("layers.1.proj.down.weight").shape()).containsExactly(5, 128);
        }
        JsonNode result = JSON.readTree(adapter.resolve("calibration.json").toFile());
        assertThat(result.get("search").isNull()).isTrue();
        assertThat(result.at("/schedule/strides").toString()).isEqualTo("[1,2,1,1,1,1,1,2]");

        Files.writeString(schedule, Files.readString(schedule).replace("linear", "mlp"));
        assertRefused(2, "only linear ones have a closed form", dataset, "--schedule", schedule.toString());
        assertRefused(
                1, "--rank has no meaning with --schedule", dataset, "--schedule", schedule.toString(), "--rank", "4");
    }

    @Test
    void whatCannotBeDoneIsRefused() throws IOException {
        Path dataset = pictures(3);

        assertRefused(1, "--kind mlp has no closed form", dataset, "--kind", "mlp");
        assertRefused(1, "must be linear or mlp", dataset, "--kind", "cubic");
        assertRefused(1, "--flops-budget must be above 0, at most 1", dataset, "--flops-budget", "56");
        assertRefused(1, "--strides must be 2 or more", dataset, "--strides", "1,2");
        assertRefused(1, "--memory cannot be \"lots\"", dataset, "--memory", "lots");
        assertRefused(2, "rank of layer 0 is 129, but the model is 128 wide", dataset, "--rank", "129");
        assertRefused(
                2,
                "out of reach: with these strides and ranks the least is 0.",
                dataset,
                "--flops-budget",
                "0.2",
                "--strides",
                "2");
        assertRefused(2, "gives 1 pictures", pictures(1));
        Path dropping = Files.writeString(
                temp.resolve("dropping.json"),
                """
                {"format": 1, "drop_image_tokens": {"criterion": "attention", "after_layer": 2, "keep": 40}}
                """);
        assertRefused(2, "the schedule drops image tokens", dataset, "--schedule", dropping.toString());
    }

    private void assertRefused(int code, String message, Path dataset, String... options) {
        CliRun run = calibrate(dataset.toString(), temp.resolve("refused"), options);

        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.err()).contains(message);
        assertThat(temp.resolve("refused/routing.json")).doesNotExist();
    }

    private CliRun calibrate(String dataset, Path output, String... options) {
        List<String> arguments = new ArrayList<>(
                List.of("calibrate", "--model", MODEL, "--dataset", dataset, "--output", output.toString()));
        arguments.addAll(List.of(options));
        return CliRun.withModel(temp, 2, arguments.toArray(String[]::new));
    }

    private Path pictures(int count) throws IOException {
        Path dataset = temp.resolve("pictures-" + count);
        Datasets.write(dataset, Math.min(count, 3), rows(count));
        return dataset;
    }

    private static List<ImageRow> rows(int count) throws IOException {
        List<ImageRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(image("picture" + i, picture(i), prompt("prompt" + i, null, "the thing number " + i)));
        }
        return rows;
    }

    /** Something to see in every part. */
    private static byte[] picture(int seed) throws IOException {
        Random random = new Random(seed);
        BufferedImage image = ImageIO.read(new java.io.ByteArrayInputStream(png(120, 160)));
        Graphics2D pen = image.createGraphics();
        for (int i = 0; i < 60; i++) {
            pen.setColor(new Color(random.nextInt(1 << 24)));
            pen.fillOval(
                    random.nextInt(160) - 20,
                    random.nextInt(120) - 20,
                    10 + random.nextInt(50),
                    10 + random.nextInt(50));
        }
        pen.dispose();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "png", bytes);
        return bytes.toByteArray();
    }

    private static Map<String, float[]> tensors(Path adapter) {
        Map<String, float[]> tensors = new TreeMap<>();
        try (Safetensors file = Safetensors.open(adapter.resolve("routing.safetensors"))) {
            file.names().forEach(name -> tensors.put(name, file.floats(name)));
        }
        return tensors;
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static double damage(JsonNode candidate) {
        return candidate.get("image_damage").doubleValue()
                + candidate.get("mask_token_damage").doubleValue();
    }
}
