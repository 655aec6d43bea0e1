package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.job.testing.CliRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        CliRun run =
                bench("--pairs", "2", "--prompts", "3", "--pictures", "2", "--text", "40", "--json", json.toString());

        assertThat(run.err()).contains("pair 2 of 2");
        assertThat(run.code()).isZero();
        JsonNode result = new ObjectMapper().readTree(json.toFile());
        assertThat(result.at("/format").intValue()).isEqualTo(1);
        assertThat(result.at("/command/0").textValue()).isEqualTo("maskroute");
        assertThat(result.at("/command/1").textValue()).isEqualTo("bench");
        assertThat(result.at("/routing/projectors").textValue()).isEqualTo("random");
        assertThat(result.at("/model/image_tokens").intValue()).isEqualTo(256);
        assertThat(result.at("/model/images_per_call").intValue()).isEqualTo(2);
        assertThat(result.at("/model/dtype").textValue()).isEqualTo("bf16");
        assertThat(result.at("/gemm_gflop_per_second/values")).hasSize(2);
        assertThat(names(result.at("/llm/runs")))
                .containsExactly("dense_alone", "routed_alone", "dense_shared", "routed_shared");
        assertThat(names(result.at("/image/runs"))).containsExactly("dense_alone", "dense_shared", "routed_shared");
        assertThat(result.at("/vision")).hasSize(6);
        // Of the LLM three against the baseline and one against dense and shared; of pictures two and one, in two
        // parts.
        assertThat(result.at("/llm/ratios")).hasSize(4);
        assertThat(result.at("/image/ratios")).hasSize(6);
        assertThat(result.at("/llm/ratios/0/flops_share").doubleValue())
                .isEqualTo(result.at("/routing/llm_flops_share").doubleValue());
        assertConsistent(result);
        assertThat(run.out()).contains("LLM alone", "whole pictures", "vision, one picture", "conversion");
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
            for (JsonNode ratio : result.path(part).path("ratios")) {
                assertSpread(ratio.path("speed_up"));
                assertSpread(ratio.path("conversion"));
                assertThat(ratio.path("flops_share").doubleValue()).isBetween(0.0, 1.0);
            }
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
                "--dtype",
                "fp32",
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
        assertRefused(1, "do not fit the model's 2048 positions", "--image-tokens", "2025");
        assertRefused(1, "--pairs must be at least 1, not 0", "--pairs", "0");
        assertRefused(1, "bf17", "--dtype", "bf17");
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
