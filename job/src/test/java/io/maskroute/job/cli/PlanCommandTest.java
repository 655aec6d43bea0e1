package io.maskroute.job.cli;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.run.PsalmSegmenterFactory;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A plan against the run that it foretells, with the bundled model. */
class PlanCommandTest {
    private static final Path HOME = Path.of("..");
    private static final String MODEL = HOME.resolve("models/tiny").toString();
    private static final String GIGAFLOPS =
            """
            {"millis_per_prompt": {"median": 1}, "gflop_per_second": {"median": %s}}
            """;

    @TempDir
    private Path temp;

    private Path dataset;
    private Path schedule;

    @BeforeEach
    void write() throws Exception {
        dataset = temp.resolve("dataset");
        schedule = Files.writeString(
                temp.resolve("routing.json"),
                """
                {"format": 1, "mask_token_layer": 5, "image_tokens": {"proxies": {"kind": "grid", "stride": 2},
                 "layers": "all", "projector": {"kind": "linear", "rank": 16}}}
                """);
        Datasets.write(
                dataset,
                2,
                List.of(
                        image(
                                "a",
                                png(20, 30),
                                prompt("a1", null, "the red cup"),
                                prompt("a2", null, "second bottle from the right", "the green one"),
                                prompt("wordless", null),
                                prompt("a3", null, "dog")),
                        image("b", png(30, 20), prompt("b1", null, "a man in a blue jacket")),
                        image(
                                "c",
                                png(8, 8),
                                new PromptRow("everything", "panoptic", List.of(), "coco", List.of(), null))));
    }

    @Test
    void theTotalsAreThoseOfARun() throws Exception {
        JsonNode plan = plan("--routing", schedule.toString(), "-s", "runtime.prompts-per-call=2");
        List<Row> rows = segment();

        assertThat(rows).hasSize(6);
        assertThat(sum(rows, "flops", "llm")).isEqualTo(plan.at("/flops/llm").longValue());
        assertThat(sum(rows, "flops", "llm_dense"))
                .isEqualTo(plan.at("/flops/llm_dense").longValue());
        assertThat(sum(rows, "flops", "vision"))
                .isEqualTo(plan.at("/flops/vision").longValue());
        assertThat(sum(rows, "flops", "decoder"))
                .isEqualTo(plan.at("/flops/decoder").longValue());
        assertThat(total(
                        rows,
                        "tokens",
                        tokens -> tokens.<Integer>getAs("image")
                                + tokens.<Integer>getAs("text")
                                + tokens.<Integer>getAs("mask")))
                .isEqualTo(plan.at("/tokens/total").longValue());

        assertThat(plan.at("/dataset/images").longValue()).isEqualTo(3);
        assertThat(plan.at("/dataset/prompts").longValue()).isEqualTo(6);
        assertThat(plan.at("/dataset/usable_prompts").longValue()).isEqualTo(4);
        assertThat(plan.at("/dataset/unusable/empty-prompt").longValue()).isEqualTo(1);
        assertThat(plan.at("/dataset/unusable/unknown-class-set").longValue()).isEqualTo(1);
        assertThat(plan.at("/dataset/images_without_usable_prompts").longValue())
                .isEqualTo(1);
        // Three prompts of one picture in calls of two, and one of another.
        assertThat(plan.at("/tokens/passes").longValue()).isEqualTo(3);
        assertThat(plan.at("/time").isNull()).isTrue();
    }

    @Test
    void aSentenceThatIsNullIsCountedByTheReasonOfARun() throws Exception {
        dataset = temp.resolve("nulls");
        ImageRow image = image("a", png(20, 30), prompt("a1", null, "the red cup"), prompt("a2", null, "dog"));
        Datasets.writeRows(dataset, 1, List.of(Datasets.withNullSentence(DatasetSchema.toRow(image), 1)));

        JsonNode plan = plan("--routing", schedule.toString());
        List<Row> rows = segment();

        assertThat(plan.at("/dataset/usable_prompts").longValue()).isEqualTo(1);
        assertThat(plan.at("/dataset/unusable").toString()).isEqualTo("{\"bad-value\":1}");
        assertThat(rows).extracting(row -> row.<String>getAs("status")).containsExactly("ok", "failed");
        assertThat(rows.get(1).<Row>getAs("error").getString(1)).isEqualTo("bad-value");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense", "../conf/routing/tiny.json"})
    void onTheBundledDatasetTheFlopsAreThoseOfARunsRows(String routing) throws Exception {
        dataset = HOME.resolve("examples/refcoco-mini");
        schedule = Path.of(routing);

        JsonNode plan = plan("--routing", routing, "-s", "runtime.prompts-per-call=2");
        List<Row> rows = segment();

        assertThat(rows).hasSize(42);
        for (String part : List.of("llm", "llm_dense", "vision", "decoder")) {
            assertThat(sum(rows, "flops", part))
                    .as(part)
                    .isPositive()
                    .isEqualTo(plan.at("/flops/" + part).longValue());
        }
    }

    @Test
    void droppedImageTokensCostWhatARunsRowsSay() throws Exception {
        Files.writeString(
                schedule,
                """
                {"format": 1, "drop_image_tokens": {"criterion": "attention", "after_layer": 2, "keep": 40}}
                """);

        JsonNode plan = plan("--routing", schedule.toString(), "-s", "runtime.prompts-per-call=2");
        List<Row> rows = segment();

        for (String part : List.of("llm", "llm_dense")) {
            assertThat(sum(rows, "flops", part))
                    .as(part)
                    .isPositive()
                    .isEqualTo(plan.at("/flops/" + part).longValue());
        }
        // Two of eight layers have all 256 image tokens, six have 40.
        assertThat(plan.at("/routing/mean_proxies").intValue()).isEqualTo(94);
        assertThat(plan.at("/routing/projectors").textValue()).isEqualTo("none");
        assertThat(rows.stream().map(row -> row.<Row>getAs("tokens")).filter(row -> row != null))
                .hasSize(4)
                .allSatisfy(tokens -> {
                    assertThat(tokens.<Integer>getAs("image")).isEqualTo(256);
                    assertThat(tokens.<Integer>getAs("proxy")).isEqualTo(94);
                });
        // A prompt alone shares nothing, so that only what was dropped makes it cheaper.
        JsonNode alone = plan("--routing", schedule.toString(), "-s", "runtime.prompts-per-call=1");
        assertThat(alone.at("/flops/llm_ratio").doubleValue())
                .isGreaterThan(plan.at("/flops/llm_ratio").doubleValue())
                .isLessThan(1);
        JsonNode dense = plan("--routing", "dense", "-s", "runtime.prompts-per-call=1");
        assertThat(dense.at("/flops/llm_ratio").doubleValue()).isEqualTo(1);
    }

    private List<Row> segment() {
        StringWriter err = new StringWriter();
        int code = new Cli(HOME, new PsalmSegmenterFactory(), new PrintWriter(new StringWriter()), new PrintWriter(err))
                .run(
                        "segment",
                        "--model",
                        MODEL,
                        "--dataset",
                        dataset.toString(),
                        "--routing",
                        schedule.toString(),
                        "--output",
                        temp.resolve("out").toString(),
                        "-s",
                        "runtime.prompts-per-call=2",
                        "-s",
                        "spark.master=local[1]",
                        "-s",
                        "spark.sql.shuffle.partitions=1");
        assertThat(code).as(err.toString()).isZero();
        return Datasets.read(temp.resolve("out/predictions"));
    }

    private static long sum(List<Row> rows, String struct, String field) {
        return total(rows, struct, flops -> flops.<Long>getAs(field));
    }

    private static long total(List<Row> rows, String struct, ToLongFunction<Row> value) {
        return rows.stream()
                .map(row -> row.<Row>getAs(struct))
                .filter(row -> row != null)
                .mapToLong(value)
                .sum();
    }

    @Test
    void hoursFollowFromWhatWasMeasured() throws Exception {
        Path bench = Files.writeString(temp.resolve("bench.json"), bench(3687142, "bf16"));

        JsonNode plan = plan(
                "--routing",
                schedule.toString(),
                "--dtype",
                "bf16",
                "--device",
                "gpu",
                "--bench",
                bench.toString(),
                "--executors",
                "4");

        double llm = plan.at("/flops/llm").longValue() / 1e9 / 10 / 3600;
        double vision = plan.at("/flops/vision").longValue() / 1e9 / 20 / 3600;
        double decoder = plan.at("/flops/decoder").longValue() / 1e9 / 40 / 3600;
        double post = 4 * 5 / 1e3 / 3600;
        assertThat(plan.at("/time/llm_hours").doubleValue()).isCloseTo(llm, within(1e-12));
        assertThat(plan.at("/time/executor_hours").doubleValue())
                .isCloseTo(llm + vision + decoder + post, within(1e-12));
        assertThat(plan.at("/time/hours").doubleValue()).isCloseTo((llm + vision + decoder + post) / 4, within(1e-12));
    }

    @Test
    void aDeadlineGivesTheExecutors() throws Exception {
        Path bench = Files.writeString(temp.resolve("bench.json"), bench(3687142, "fp32"));
        double one = plan("--device", "gpu", "--bench", bench.toString(), "--routing", schedule.toString())
                .at("/time/executor_hours")
                .doubleValue();

        JsonNode plan = plan(
                "--device",
                "gpu",
                "--bench",
                bench.toString(),
                "--routing",
                schedule.toString(),
                "--hours",
                String.valueOf(one / 2.5));

        assertThat(plan.at("/time/executors").intValue()).isEqualTo(3);
        assertThat(plan.at("/time/hours").doubleValue()).isCloseTo(one / 3, within(1e-12));
        assertThat(plan.at("/time/allocated_hours").doubleValue()).isCloseTo(one, within(1e-12));
        assertThat(plan.at("/time/gpu_hours").doubleValue()).isCloseTo(one, within(1e-12));
        assertThat(plan.at("/time/busy_share").doubleValue()).isEqualTo(1);
        assertThat(plan.at("/time/preparation").isNull()).isTrue();
    }

    /** Four prompts in two passes share 2; what was measured shared 7. */
    @Test
    void whenPromptsShareOtherwiseThanMeasuredThePlanSaysSo() throws Exception {
        Path seven = Files.writeString(temp.resolve("bench.json"), bench(3687142, "fp32"));
        Path three = Files.writeString(
                temp.resolve("three.json"), bench(3687142, "fp32").replace("\"prompts\": 7", "\"prompts\": 3"));
        String[] options = {"--device", "gpu", "--routing", schedule.toString(), "--bench"};

        assertThat(run(with(options, seven)).out())
                .contains(
                        "prompts that share a picture: 7 when measured, 2.0 in a run; bench --prompts 2 measures that");
        assertThat(run(with(options, three)).out()).contains("as fast as in").doesNotContain("share a picture");
    }

    private static String[] with(String[] options, Path last) {
        String[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = last.toString();
        return all;
    }

    /** Two pictures that take 6 s each to prepare, three times as long as their prompts take the model. */
    @Test
    void executorsThatWaitForPicturesTakeLonger() throws Exception {
        Path bench = Files.writeString(temp.resolve("bench.json"), bench(3687142, "fp32"));
        Path run = Files.createDirectory(temp.resolve("measured"));
        Files.writeString(
                run.resolve("summary.json"),
                """
                {"run_id": "r", "notes": [], "images": 5, "images_without_prompts": 1, "prompts": 8, "ok": 8,
                 "failures": [], "latency_ms": {"decode": {"mean": 2000}, "preprocess": {"mean": 1000}}}
                """);
        String[] options = {
            "--device",
            "gpu",
            "--bench",
            bench.toString(),
            "--routing",
            schedule.toString(),
            "--measured-run",
            run.toString(),
            "--cores",
            "2"
        };

        JsonNode time = plan(options).get("time");

        double model = time.get("executor_hours").doubleValue();
        double prepare = 2 * 6.0 / 3600;
        assertThat(time.at("/preparation/core_hours").doubleValue()).isCloseTo(prepare, within(1e-12));
        assertThat(time.at("/preparation/cores_to_keep_busy").intValue())
                .isEqualTo((int) Math.ceil(prepare / model))
                .isGreaterThan(2);
        assertThat(time.get("hours").doubleValue()).isCloseTo(prepare / 2, within(1e-12));
        assertThat(time.get("busy_share").doubleValue()).isCloseTo(model / (prepare / 2), within(1e-12));
    }

    /** The routed run that shares most is the one to go by. */
    private static String bench(long parameters, String dtype) {
        return """
               {"format": 2, "model": {"parameters": %d, "dtype": "%s", "device": "cuda:0", "images_per_call": 1}, "image": {"runs": [
                {"name": "dense_shared", "routing": "dense", "prompts": 7, "parts": {}},
                {"name": "routed_alone", "routing": "routed", "prompts": 1, "parts": {}},
                {"name": "routed_shared", "routing": "routed", "prompts": 7,
                 "stage_millis_per_prompt": {"postprocess": {"median": 50}, "postprocess_spread": {"median": 5}},
                 "parts": {"pipeline_llm": %s, "vision": %s, "decoder": %s}}]}}
               """
                .formatted(
                        parameters, dtype, GIGAFLOPS.formatted(10), GIGAFLOPS.formatted(20), GIGAFLOPS.formatted(40));
    }

    /** One of the dataset's pictures has three prompts that can be run, no other has more. */
    @Test
    void aGpuRunsPicturesTogether() throws Exception {
        Path bench = Files.writeString(temp.resolve("bench.json"), bench(3687142, "fp32"));

        JsonNode alone = plan("--routing", schedule.toString()).get("memory");
        JsonNode together = plan("--routing", schedule.toString(), "--device", "gpu", "--dtype", "fp32")
                .get("memory");
        // Where nothing says what the GPUs are, they are taken to be of the kind that runs in bf16.
        JsonNode auto =
                plan("--routing", schedule.toString(), "--device", "gpu").get("memory");
        JsonNode few = plan("--routing", schedule.toString(), "--device", "gpu", "-s", "runtime.images-per-call=2")
                .get("memory");

        assertThat(alone.get("images").intValue()).isEqualTo(1);
        assertThat(alone.get("prompts").intValue()).isEqualTo(3);
        assertThat(together.get("images").intValue()).isEqualTo(8);
        assertThat(together.get("prompts").intValue()).isEqualTo(24);
        assertThat(together.get("keys_and_values_bytes").longValue())
                .isEqualTo(8 * alone.get("keys_and_values_bytes").longValue());
        assertThat(auto.get("keys_and_values_bytes").longValue())
                .isEqualTo(4 * alone.get("keys_and_values_bytes").longValue());
        assertThat(few.get("images").intValue()).isEqualTo(2);
        assertThat(run("--device", "gpu", "--routing", schedule.toString(), "--bench", bench.toString())
                        .out())
                .contains("pictures together: 1 when measured, 8 in a run; bench --pictures 8 measures that");
        assertThat(run(
                                "--device",
                                "gpu",
                                "--routing",
                                schedule.toString(),
                                "--bench",
                                bench.toString(),
                                "-s",
                                "runtime.images-per-call=1")
                        .out())
                .contains("as fast as in")
                .doesNotContain("pictures together: 1 when measured");
    }

    @Test
    void whatCannotBeUsedIsRefused() throws Exception {
        Path other = Files.writeString(temp.resolve("other.json"), bench(5, "fp32"));
        Path llmOnly = Files.writeString(temp.resolve("llm.json"), "{\"format\": 2, \"model\": {\"dtype\": \"fp32\"}}");
        Path older = Files.writeString(temp.resolve("older.json"), "{\"format\": 1, \"model\": {\"dtype\": \"fp32\"}}");
        Path broken = Files.writeString(temp.resolve("broken.json"), "{");

        assertRefused(2, "a model of 5 parameters", "--bench", other.toString());
        assertRefused(2, "has measured the LLM alone", "--bench", llmOnly.toString());
        assertRefused(2, "older.json is no result of this maskroute's bench", "--bench", older.toString());
        assertRefused(2, "cannot be understood", "--bench", broken.toString());
        assertRefused(
                2,
                "missing.json cannot be read",
                "--bench",
                temp.resolve("missing.json").toString());
        assertRefused(1, "--executors must be at least 1, not 0", "--executors", "0");
        assertRefused(1, "--hours must be above 0, not 0.0", "--bench", other.toString(), "--hours", "0");
        assertRefused(1, "--cores must be at least 1, not 0", "--cores", "0");
        assertRefused(1, "exclude each other", "--executors", "2", "--hours", "3");
        assertRefused(1, "--hours needs --bench", "--hours", "3");
        assertRefused(1, "--measured-run needs --bench", "--measured-run", temp.toString());
        Path fits = Files.writeString(temp.resolve("fits.json"), bench(3687142, "fp32"));
        assertRefused(
                2,
                "summary.json",
                "--device",
                "gpu",
                "--routing",
                schedule.toString(),
                "--bench",
                fits.toString(),
                "--measured-run",
                temp.toString());
        assertRefused(
                2, "was measured on cuda:0, and this plan is for cpu", "--device", "cpu", "--bench", fits.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"gflop_per_second\" | lacks image.runs[2].parts.pipeline_llm.gflop_per_second; write it anew",
                "\"decoder\" | lacks image.runs[2].parts.decoder.gflop_per_second",
                "\"parts\" | lacks image.runs[2].parts;",
                "\"postprocess_spread\" | lacks image.runs[2].stage_millis_per_prompt.postprocess_spread",
                "\"stage_millis_per_prompt\" | lacks image.runs[2].stage_millis_per_prompt.postprocess_spread",
                "\"runs\" | lacks image.runs;",
                "\"routing\" | has measured no routed run",
                "\"dtype\" | runs in fp32"
            })
    void aBenchResultThatLacksAFieldIsRefusedByName(String field, String message) throws Exception {
        Path cut = Files.writeString(
                temp.resolve("cut.json"), bench(3687142, "fp32").replace(field + ":", "\"other\":"));

        assertRefused(
                2,
                message,
                "--device",
                "gpu",
                "--routing",
                schedule.toString(),
                "--dtype",
                "fp32",
                "--bench",
                cut.toString());
    }

    private void assertRefused(int code, String message, String... options) {
        CliRun run = run(options);

        assertThat(run.code()).as(message).isEqualTo(code);
        assertThat(run.err()).contains(message);
        assertThat(run.out()).isEmpty();
    }

    private JsonNode plan(String... options) throws Exception {
        Path json = temp.resolve("plan.json");
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("--json", json.toString()));
        CliRun run = run(all.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("LLM FLOPs", "memory", "time");
        return new ObjectMapper().readTree(json.toFile());
    }

    private CliRun run(String... options) {
        List<String> all = new ArrayList<>(List.of("plan", "--model", MODEL, "--dataset", dataset.toString()));
        all.addAll(List.of(options));
        return CliRun.withSpark(HOME, all.toArray(String[]::new));
    }
}
