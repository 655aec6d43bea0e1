package io.maskroute.core.trace;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.Families;
import io.maskroute.core.model.LlmTrace;
import io.maskroute.core.model.RoutedLlm;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** The LLM of a routed fixture on its embedded sequence, or on several that share a prefix. */
final class RoutedFixtureTrace {
    private static final int IMAGE = 1;
    private static final int MASK = 2;

    private RoutedFixtureTrace() {}

    static Trace run(TorchProgram program, RoutedFixture fixture, TorchType dtype) {
        try (TensorSource weights = Safetensors.open(fixture.weights());
                TensorSource projectors = Safetensors.open(fixture.projectorFile())) {
            ModelConfig.Llm config = config(fixture, weights);
            RoutingPlan plan = RoutingPlan.of(fixture.schedule(), config, fixture.gridHeight(), fixture.gridWidth());
            Map<String, String> names = fixture.projectorTensors();
            Optional<TensorSource> adapter =
                    names.isEmpty() ? Optional.empty() : Optional.of(new RenamedTensors(projectors, names));
            try (RoutedLlm llm = RoutedLlm.load(program, config, weights, dtype, plan, adapter);
                    TorchScope work = program.scope()) {
                return new Trace(
                        fixture.sharedPrefix().isPresent()
                                ? shared(llm, work, fixture, projectors, config.hidden())
                                : sequence(llm, work, projectors, config.hidden()));
            }
        }
    }

    /** Inputs: {@code x [S, d]}, {@code kind [S]}. */
    private static Map<String, TracedTensor> sequence(RoutedLlm llm, TorchScope work, TensorSource inputs, int hidden) {
        Parts parts = Parts.of(inputs, "x", "kind", hidden);
        LlmTrace.Sequence traced = LlmTrace.sequence(llm, work, parts.input(hidden));
        Map<String, TracedTensor> out = new LinkedHashMap<>();
        long all = parts.tokens();
        for (int layer = 0; layer < traced.layers().size(); layer++) {
            float[] states = traced.layers().get(layer);
            long present = states.length / hidden;
            out.put("layer" + layer + ".hidden", TracedTensor.floats(states, present, hidden));
            out.put("layer" + layer + ".index", positions(0, present));
        }
        out.put("final.hidden", TracedTensor.floats(traced.finalHidden(), all, hidden));
        out.put("final.index", positions(0, all));
        float[] masks = Arrays.copyOfRange(
                traced.finalHidden(), (int) (all - parts.masks()) * hidden, traced.finalHidden().length);
        out.put("final.mask_tokens", TracedTensor.floats(masks, parts.masks(), hidden));
        return out;
    }

    /** Inputs, beside the expected values: {@code NAME.x [S, d]} and {@code NAME.kind [S]} of each prompt. */
    private static Map<String, TracedTensor> shared(
            RoutedLlm llm, TorchScope work, RoutedFixture fixture, TensorSource inputs, int hidden) {
        RoutedFixture.SharedPrefix prefix = fixture.sharedPrefix().orElseThrow();
        List<float[]> text = new ArrayList<>();
        Parts first = null;
        for (String name : prefix.prompts()) {
            Parts parts = Parts.of(inputs, name + ".x", name + ".kind", hidden);
            first = first == null ? parts : first;
            text.add(parts.text());
        }
        if (first == null || first.prefixTokens() != prefix.tokens() || first.leading() != prefix.imageStart()) {
            throw new UnusableInputException(fixture.folder() + ": the prompts do not share the prefix of "
                    + prefix.tokens() + " tokens that routing.json names");
        }
        IValue noTaps = work.run("no_taps");
        LlmTrace.Shared traced = LlmTrace.shared(
                llm,
                work,
                new LlmTrace.Input(hidden, first.prefix(), first.layout(), text, first.maskTokens()),
                noTaps);
        Map<String, TracedTensor> out = new LinkedHashMap<>();
        long heads = configHeads(fixture);
        traced.cache()
                .forEach((name, values) ->
                        out.put(name, TracedTensor.floats(values, prefix.tokens(), heads, hidden / heads)));
        for (int i = 0; i < prefix.prompts().size(); i++) {
            String name = prefix.prompts().get(i);
            long own = traced.suffixes().get(i).length / hidden;
            out.put(name + ".hidden", TracedTensor.floats(traced.suffixes().get(i), own, hidden));
            out.put(name + ".index", positions(prefix.tokens(), prefix.tokens() + own));
            out.put(name + ".kind", TracedTensor.read(inputs, name + ".kind"));
            out.put(name + ".x", TracedTensor.read(inputs, name + ".x"));
        }
        // A shared-prefix fixture keeps its projectors beside the expected values.
        fixture.projectorTensors().values().forEach(name -> out.put(name, TracedTensor.read(inputs, name)));
        return out;
    }

    private static TracedTensor positions(long from, long to) {
        return TracedTensor.longs(LongStream.range(from, to).toArray(), to - from);
    }

    private static long configHeads(RoutedFixture fixture) {
        return fixture.heads().map(h -> (long) h.heads()).orElseGet(() ->
                (long) neighbour(fixture).heads());
    }

    /** The whole-model fixture that the weights belong to. */
    private static ModelConfig.Llm neighbour(RoutedFixture fixture) {
        return FixtureConfig.read(fixture.weights().resolveSibling("config.json"))
                .model()
                .llm();
    }

    private static ModelConfig.Llm config(RoutedFixture fixture, TensorSource weights) {
        if (fixture.heads().isEmpty()) {
            return neighbour(fixture);
        }
        RoutedFixture.Heads heads = fixture.heads().get();
        long[] fc1 = weights.info("model.layers.0.mlp.fc1.weight").shape();
        int layers = 0;
        while (weights.names().contains("model.layers." + layers + ".mlp.fc1.weight")) {
            layers++;
        }
        ModelConfig.Llm psalm = Families.fallback().sizes().llm();
        return new ModelConfig.Llm(
                (int) fc1[1],
                (int) fc1[0],
                layers,
                heads.heads(),
                heads.rotaryDim(),
                psalm.vocab(),
                psalm.layerNormEps(),
                psalm.ropeTheta(),
                psalm.maxPositions());
    }

    /**
     * A sequence of text, image tokens, text, mask tokens, cut after the image tokens.
     *
     * @param leading text tokens before the image tokens
     */
    private record Parts(
            float[] prefix, float[] text, float[] maskTokens, int leading, int image, int tokens, int masks) {

        static Parts of(TensorSource source, String x, String kind, int hidden) {
            float[] all = source.floats(x);
            long[] kinds = source.longs(kind);
            int leading = run(kinds, 0, 0);
            int image = run(kinds, leading, IMAGE);
            int text = run(kinds, leading + image, 0);
            int masks = run(kinds, leading + image + text, MASK);
            if (leading + image + text + masks != kinds.length || kinds.length * hidden != all.length) {
                throw new UnusableInputException(source.origin() + ": " + kind
                        + " is not text, image tokens, text, mask tokens; other orders are not supported");
            }
            int prefixEnd = (leading + image) * hidden;
            int textEnd = prefixEnd + text * hidden;
            return new Parts(
                    Arrays.copyOf(all, prefixEnd),
                    Arrays.copyOfRange(all, prefixEnd, textEnd),
                    Arrays.copyOfRange(all, textEnd, all.length),
                    leading,
                    image,
                    kinds.length,
                    masks);
        }

        private static int run(long[] kinds, int from, int kind) {
            int end = from;
            while (end < kinds.length && kinds[end] == kind) {
                end++;
            }
            return end - from;
        }

        int prefixTokens() {
            return leading + image;
        }

        SegmentLayout layout() {
            return new SegmentLayout(leading, image, 0);
        }

        LlmTrace.Input input(int hidden) {
            return new LlmTrace.Input(hidden, prefix, layout(), List.of(text), maskTokens);
        }
    }
}
