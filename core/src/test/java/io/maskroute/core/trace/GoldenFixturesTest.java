package io.maskroute.core.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.testing.Fixtures;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole forward pass against activations of the original PSALM code, and routing against an independent program. */
class GoldenFixturesTest {
    private static TorchProgram program;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        // As the expected values were made.
        TorchProgram.enterThread(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "public-A-referring",
                "public-B-panoptic",
                "public-C-region",
                "public-D-padded-oddwindow",
                "public-E-sixteen-tokens",
                "hyperseg/public-HA-referring",
                "hyperseg/public-HB-referring-wide",
                "hyperseg/public-HC-classes",
                "routed/public-P-prefix-dense",
                "routed/public-P-prefix-routed",
                "routed/public-R0-dense-equivalence",
                "routed/public-R1-untrained-projector",
                "routed/public-R1b-all-layers-random-projector",
                "routed/public-R2-trained-projector",
                "routed/public-R3-stride4",
                "routed/public-R4-masks-after-last-layer",
                "routed/public-R5-odd-3x3",
                "routed/public-R6-rect-5x3",
                "routed/public-R7-rect-4x7-stride3"
            })
    void everyActivationIsReproduced(String name) {
        Path folder = fixture(name);
        Comparison comparison = Comparison.of(
                FixtureTrace.run(program, folder, TorchType.FLOAT32), folder.resolve("expected.safetensors"));
        assertThat(comparison.beyond()).isEmpty();
        // The one expected tensor that is another definition of the projector, for information.
        assertThat(comparison.lines())
                .filteredOn(line -> !line.traced())
                .extracting(Comparison.Line::name)
                .isSubsetOf("final.mask_tokens_if_projector_gelu_is_tanh");
    }

    /** PSALM's own decoder fed with the routed hidden states of fixture E. */
    @ParameterizedTest
    @ValueSource(strings = {"routed/public-R0-dense-equivalence", "routed/public-R2-trained-projector"})
    void routingReachesTheMasks(String name) {
        RoutedFixture fixture = RoutedFixture.read(fixture(name));
        try (TensorSource projectors = Safetensors.open(fixture.projectorFile());
                TensorSource expected = Safetensors.open(fixture.folder().resolve("end_to_end.safetensors"))) {
            Optional<TensorSource> adapter = fixture.projectorTensors().isEmpty()
                    ? Optional.empty()
                    : Optional.of(new RenamedTensors(projectors, fixture.projectorTensors()));
            Trace trace = FixtureTrace.model(
                    program, fixture("public-E-sixteen-tokens"), TorchType.FLOAT32, fixture.schedule(), adapter);
            assertThat(largest(trace, expected, "decoder.step4.SEG_logits")).isLessThan(1e-5);
            assertThat(largest(trace, expected, "decoder.step4.mask_logits")).isLessThan(1e-4);
            double[] scores = IntStream.range(0, trace.get("result.scores").values().length)
                    .mapToDouble(i -> -trace.get("result.scores").values()[i])
                    .sorted()
                    .map(s -> -s)
                    .toArray();
            float[] wanted = expected.floats("result.scores_sorted");
            for (int i = 0; i < wanted.length; i++) {
                assertThat(scores[i]).isCloseTo(wanted[i], org.assertj.core.data.Offset.offset(1e-5));
            }
        }
    }

    /** Lm = 0 and every image token a proxy: the routed code path must not change one bit of the dense run. */
    @Test
    void theIdentityScheduleIsTheDenseRun() {
        Path folder = fixture("public-E-sixteen-tokens");
        RoutingSchedule everyTokenAProxy = new RoutingSchedule(
                0,
                new RoutingSchedule.ImageTokens(
                        new RoutingSchedule.Proxies(RoutingSchedule.ProxyKind.GRID, 1),
                        RoutingSchedule.LayerSelection.ALL,
                        new RoutingSchedule.Projector(RoutingSchedule.ProjectorKind.LINEAR, 4)),
                List.of());
        Trace dense = FixtureTrace.model(program, folder, TorchType.FLOAT32, RoutingSchedule.dense(), Optional.empty());
        Trace identity = FixtureTrace.model(program, folder, TorchType.FLOAT32, everyTokenAProxy, Optional.empty());
        for (String name : dense.names()) {
            assertThat(identity.get(name).values())
                    .as(name)
                    .isEqualTo(dense.get(name).values());
        }
    }

    /**
     * bf16 cannot be better than weights that are stored in bf16 and computed with in fp32, whose effect is measured here too. With
     * activations rounded as well (each layer rounds its input, its products and its sum, so about three roundings where
     * there was one) errors that are independent grow with the root of their number; a factor of 4 over the weights' effect leaves
     * room for the smaller networks' scatter. The best mask must be the same one and lose no more of its overlap.
     */
    @ParameterizedTest
    @ValueSource(strings = {"public-A-referring", "public-D-padded-oddwindow", "public-E-sixteen-tokens"})
    void bf16KeepsTheBestMask(String name, @TempDir Path temp) throws Exception {
        Path folder = fixture(name);
        Trace exact = FixtureTrace.run(program, folder, TorchType.FLOAT32);
        Trace rounded = FixtureTrace.run(program, folder, TorchType.BFLOAT16);
        Trace roundedWeights = FixtureTrace.run(program, withRoundedWeights(folder, temp), TorchType.FLOAT32);
        double unavoidable = relativeChange(exact, roundedWeights);
        assertThat(relativeChange(exact, rounded)).isLessThan(4 * unavoidable);
        assertThat(rounded.get("result.best_query").values())
                .isEqualTo(exact.get("result.best_query").values());
        assertThat(1 - bestMaskIou(exact, rounded)).isLessThan(4 * (1 - bestMaskIou(exact, roundedWeights)));
    }

    private static Path withRoundedWeights(Path folder, Path temp) throws Exception {
        for (String file : List.of("config.json", "inputs.safetensors")) {
            Files.copy(folder.resolve(file), temp.resolve(file));
        }
        try (TensorSource weights = Safetensors.open(folder.resolve("weights.safetensors"))) {
            Map<String, TensorInfo> infos = new LinkedHashMap<>();
            for (String key : weights.names()) {
                TensorInfo info = weights.info(key);
                infos.put(key, info.dtype().isFloating() ? TensorInfo.of(DType.BF16, info.shape()) : info);
            }
            try (SafetensorsWriter writer =
                    SafetensorsWriter.create(temp.resolve("weights.safetensors"), infos, Map.of())) {
                for (String key : weights.names()) {
                    if (weights.info(key).dtype().isFloating()) {
                        writer.writeFloats(key, weights.floats(key));
                    } else {
                        writer.writeLongs(key, weights.longs(key));
                    }
                }
                writer.finish();
            }
        }
        return temp;
    }

    /** Root of the summed squared changes of the mask logits over that of the logits. */
    private static double relativeChange(Trace exact, Trace other) {
        double[] a = exact.get("post.mask_logits_in").values();
        double[] b = other.get("post.mask_logits_in").values();
        double squares = 0;
        double changes = 0;
        for (int i = 0; i < a.length; i++) {
            squares += a[i] * a[i];
            changes += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(changes / squares);
    }

    private static double bestMaskIou(Trace exact, Trace other) {
        double[] a = exact.get("post.mask_logits_in").values();
        double[] b = other.get("post.mask_logits_in").values();
        int best = (int) exact.get("result.best_query").values()[0];
        int pixels = a.length / exact.get("result.scores").values().length;
        int intersection = 0;
        int union = 0;
        for (int i = best * pixels; i < (best + 1) * pixels; i++) {
            intersection += a[i] > 0 && b[i] > 0 ? 1 : 0;
            union += a[i] > 0 || b[i] > 0 ? 1 : 0;
        }
        return (double) intersection / union;
    }

    @Test
    void aComparisonSeesADifference(@TempDir Path temp) throws Exception {
        Path folder = fixture("routed/public-R6-rect-5x3");
        Trace trace = FixtureTrace.run(program, folder, TorchType.FLOAT32);
        trace.write(temp.resolve("trace.safetensors"));
        assertThat(Comparison.of(trace, temp.resolve("trace.safetensors")).beyond())
                .isEmpty();
        Trace other = FixtureTrace.run(program, fixture("routed/public-R7-rect-4x7-stride3"), TorchType.FLOAT32);
        assertThat(Comparison.of(other, temp.resolve("trace.safetensors")).beyond())
                .isNotEmpty();
    }

    @Test
    void whatIsNoFixtureIsSaid(@TempDir Path temp) throws Exception {
        assertThatThrownBy(() -> FixtureTrace.run(program, temp, TorchType.FLOAT32))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(temp.toString());
        Files.writeString(temp.resolve("config.json"), "{}");
        assertThatThrownBy(() -> FixtureTrace.run(program, temp, TorchType.FLOAT32))
                .isInstanceOf(UnusableInputException.class);
    }

    private static double largest(Trace trace, TensorSource expected, String name) {
        double[] actual = trace.get(name).values();
        float[] wanted = expected.floats(name);
        assertThat(actual).hasSize(wanted.length);
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            largest = Math.max(largest, Math.abs(actual[i] - wanted[i]));
        }
        return largest;
    }

    private static Path fixture(String name) {
        if (name.startsWith("routed/")) {
            // Their weights are these fixtures'.
            Fixtures.path("public-D-padded-oddwindow");
            Fixtures.path("public-E-sixteen-tokens");
        }
        return Fixtures.path(name);
    }
}
