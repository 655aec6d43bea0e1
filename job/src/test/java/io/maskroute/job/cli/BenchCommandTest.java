package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.job.testing.CliRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the bundled model's figures are complete and consistent; how good they are belongs to no test. */
class BenchCommandTest {
    private static final Path HOME = Path.of("..");
    private static final String MODEL = HOME.resolve("models/tiny").toString();

    @TempDir
    Path temp;

    private Path schedule;
    private Path json;

    @BeforeEach
    void writeSchedule() throws Exception {
        schedule = Files.writeString(
                temp.resolve("routing.json"),
                """
                {"format": 1, "mask_token_layer": 5, "image_tokens": {"proxies": {"kind": "grid", "stride": 2},
                 "layers": "all", "projector": {"kind": "linear", "rank": 16}}}
                """);
        json = temp.resolve("bench.json");
    }

    @Test
    void everyPartIsMeasured() throws Exception {
        CliRun run = bench(
                "--pairs",
                "2",
                "--prompts",
                "3",
                "--pictures",
                "2",
                "--text",
                "240",
                "--dtype",
                "fp32",
                "--json",
                json.toString());

        assertThat(run.err()).contains("pair 2 of 2");
        assertThat(run.code()).isZero();
        JsonNode result = new ObjectMapper().readTree(json.toFile());
        assertThat(result.at("/format").intValue()).isEqualTo(2);
        assertThat(result.at("/command/0").textValue()).isEqualTo("maskroute");
        assertThat(result.at("/command/1").textValue()).isEqualTo("bench");
        assertThat(result.at("/routing/projectors").textValue()).isEqualTo("random");
        assertThat(result.at("/model/image_tokens").intValue()).isEqualTo(256);
        assertThat(result.at("/model/images_per_call").intValue()).isEqualTo(2);
        assertThat(result.at("/model/dtype").textValue()).isEqualTo("fp32");
        assertThat(result.at("/model/text_tokens").intValue()).isEqualTo(240);
        assertThat(result.at("/pairs").intValue()).isEqualTo(2);
        assertThat(result.at("/gemm_gflop_per_second/values")).hasSize(2);
        assertThat(names(result.at("/llm/runs")))
                .containsExactly("dense_alone", "routed_alone", "dense_shared", "routed_shared");
        assertThat(names(result.at("/image/runs"))).containsExactly("dense_alone", "dense_shared", "routed_shared");
        assertThat(result.at("/vision")).hasSize(6);
        // Of the LLM three against the baseline and one against dense and shared; of pictures two and one, of each
        // part.
        assertThat(ratios(result, "llm"))
                .containsExactly(
                        "routed_alone dense_alone",
                        "dense_shared dense_alone",
                        "routed_shared dense_alone",
                        "routed_shared dense_shared");
        for (String part : List.of("pipeline_llm", "pipeline", "pipeline_spread")) {
            assertThat(ratios(result, part))
                    .containsExactly(
                            "dense_shared dense_alone", "routed_shared dense_alone", "routed_shared dense_shared");
        }
        assertThat(result.at("/ratios")).hasSize(4 + 3 * 3);
        assertThat(result.at("/ratios/0/flops_share").doubleValue())
                .isCloseTo(result.at("/routing/llm_flops_share").doubleValue(), within(1e-12));
        assertConsistent(result);
        assertThat(run.out())
                .contains(
                        "fp32 on cpu",
                        "256 image + 240 text (",
                        String.format(
                                Locale.ROOT,
                                "%.1f %% of the dense LLM FLOPs",
                                100 * result.at("/routing/llm_flops_share").doubleValue()),
                        "2 pairs of runs",
                        "LLM alone",
                        "whole pictures",
                        "vision, one picture",
                        "conversion",
                        "routed_shared against dense_alone, pipeline_spread");
    }

    /** Every number is finite and positive, and what follows from others does. */
    private static void assertConsistent(JsonNode result) {
        for (String part : List.of("llm", "image")) {
            JsonNode runs = result.path(part).path("runs");
            for (JsonNode run : runs) {
                assertThat(run.path("stage_millis_per_prompt")).allSatisfy(BenchCommandTest::assertSpread);
                for (JsonNode speed : run.path("parts")) {
                    assertSpread(speed.path("millis_per_prompt"));
                    assertSpread(speed.path("gflop_per_second"));
                    assertSpread(speed.path("share_of_gemm_peak"));
                    double gflop = speed.path("gflop_per_prompt").doubleValue();
                    double seconds = speed.at("/millis_per_prompt/values/0").doubleValue() / 1e3;
                    assertThat(speed.at("/gflop_per_second/values/0").doubleValue())
                            .isEqualTo(gflop / seconds);
                }
            }
        }
        for (JsonNode ratio : result.path("ratios")) {
            assertSpread(ratio.path("speed_up"));
            assertSpread(ratio.path("conversion"));
            double share = ratio.path("flops_share").doubleValue();
            assertThat(share).isBetween(0.0, 1.0);
            assertThat(ratio.at("/conversion/values/1").doubleValue())
                    .isEqualTo(share * ratio.at("/speed_up/values/1").doubleValue());
        }
        for (JsonNode run : result.at("/image/runs")) {
            // What differs between the two is post-processing.
            double own = run.at("/parts/pipeline/millis_per_prompt/values/1").doubleValue();
            double spread =
                    run.at("/parts/pipeline_spread/millis_per_prompt/values/1").doubleValue();
            JsonNode stages = run.path("stage_millis_per_prompt");
            assertThat(own - spread)
                    .isCloseTo(
                            stages.at("/postprocess/values/1").doubleValue()
                                    - stages.at("/postprocess_spread/values/1").doubleValue(),
                            within(1e-6));
        }
        assertThat(result.path("vision")).allSatisfy(stage -> assertSpread(stage.path("millis")));
    }

    private static void assertSpread(JsonNode spread) {
        double median = spread.path("median").doubleValue();
        assertThat(median).isFinite().isPositive();
        assertThat(median)
                .isBetween(spread.path("min").doubleValue(), spread.path("max").doubleValue());
        assertThat(spread.path("values")).hasSize(2);
    }

    /** Each run and what it is compared with. */
    private static List<String> ratios(JsonNode result, String part) {
        List<String> ratios = new ArrayList<>();
        result.path("ratios").forEach(ratio -> {
            if (ratio.path("part").textValue().equals(part)) {
                ratios.add(ratio.path("run").textValue() + " "
                        + ratio.path("against").textValue());
            }
        });
        return ratios;
    }

    private static List<String> names(JsonNode runs) {
        List<String> names = new ArrayList<>();
        runs.forEach(run -> names.add(run.path("name").textValue()));
        return names;
    }

    @Test
    void moreImageTokensThanPicturesHaveAreForTheLlmAlone() throws Exception {
        CliRun run = bench(
                "--pairs",
                "1",
                "--prompts",
                "1",
                "--image-tokens",
                "1024",
                "--no-random-projectors",
                "--json",
                json.toString());

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = new ObjectMapper().readTree(json.toFile());
        assertThat(result.at("/image").isNull()).isTrue();
        assertThat(result.at("/vision").isNull()).isTrue();
        assertThat(names(result.at("/llm/runs"))).containsExactly("dense_alone", "routed_alone");
        assertThat(result.at("/routing/projectors").textValue()).isEqualTo("untrained");
        assertThat(result.at("/model/image_tokens").intValue()).isEqualTo(1024);
        assertThat(ratios(result, "llm")).containsExactly("routed_alone dense_alone");
        // What a CPU runs in when nothing is said, and the prompt that the model's own tokenizer makes.
        assertThat(result.at("/model/dtype").textValue()).isEqualTo("fp32");
        JsonNode text = result.at("/model/text");
        assertThat(result.at("/model/text_tokens").intValue())
                .isEqualTo(text.path("prefix").intValue()
                        + text.path("task").intValue()
                        + text.path("condition").intValue()
                        + text.path("suffix").intValue());
        assertThat(text).isEqualTo(new ObjectMapper().valueToTree(ownText()));
    }

    private static PromptShape ownText() throws Exception {
        ModelFolder folder = ModelFolder.open(Path.of(MODEL));
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), folder.config(), 256)) {
            return PromptShape.of(tokenizer);
        }
    }

    /** 2,025 image tokens and 16 mask tokens leave 7. */
    @Test
    void aPromptHasAtMostAsManyTokensAsTheModelHasPositions() throws Exception {
        CliRun run = bench("--pairs", "1", "--prompts", "1", "--image-tokens", "2025", "--json", json.toString());

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(new ObjectMapper()
                        .readTree(json.toFile())
                        .at("/model/text_tokens")
                        .intValue())
                .isEqualTo(7);
    }

    @Test
    void droppingImageTokensIsMeasuredLikeARouting() throws Exception {
        Files.writeString(
                schedule,
                """
                {"format": 1, "drop_image_tokens": {"criterion": "random", "after_layer": 2, "keep": 40, "seed": 1}}
                """);
        CliRun run = bench("--pairs", "2", "--prompts", "2", "--parts", "llm,image", "--json", json.toString());

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode result = new ObjectMapper().readTree(json.toFile());
        assertThat(result.at("/routing/projectors").textValue()).isEqualTo("no");
        assertThat(result.at("/routing/mean_proxies").intValue()).isEqualTo(94);
        assertThat(result.at("/routing/llm_flops_share").doubleValue()).isBetween(0.2, 0.8);
        assertConsistent(result);
    }

    @Test
    void whatCannotBeMeasuredIsRefused() {
        assertRefused(1, "--image-tokens 250 is no square grid", "--image-tokens", "250");
        assertRefused(1, "this model's pictures have 256 image tokens", "--image-tokens", "64", "--parts", "image");
        assertRefused(1, "do not fit the model's 2048 positions", "--image-tokens", "2025", "--text", "8");
        assertRefused(1, "do not fit the model's 2048 positions", "--image-tokens", "2116");
        assertRefused(1, "--pairs must be at least 1, not 0", "--pairs", "0");
        assertRefused(1, "must be auto or fp32 or bf16 or fp16, not 'bf17'", "--dtype", "bf17");
        assertRefused(2, "device cuda is not one device", "--device", "cuda");
        assertRefused(2, "no-such.json", "--routing", "no-such.json");
        assertRefused(2, "cannot be written", "--json", temp.toString());
    }

    private void assertRefused(int code, String message, String... options) {
        CliRun run = bench(options);

        assertThat(run.code()).as(message).isEqualTo(code);
        assertThat(run.err()).contains(message).doesNotContain("warming up");
        assertThat(run.out()).isEmpty();
    }

    private CliRun bench(String... options) {
        List<String> arguments = new ArrayList<>(List.of("bench", "--model", MODEL, "--threads", "1"));
        if (!List.of(options).contains("--routing")) {
            arguments.addAll(List.of("--routing", schedule.toString()));
        }
        arguments.addAll(List.of(options));
        return CliRun.of(HOME, arguments.toArray(String[]::new));
    }
}
