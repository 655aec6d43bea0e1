package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.torchscript.TorchScope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The LLM alone on embedded sequences, with the hidden states of every layer, through the same prefix and suffix stages as
 * production.
 */
public final class LlmTrace {
    private LlmTrace() {}

    /**
     * Embedded sequences that share a prefix.
     *
     * @param hidden width d
     * @param prefix {@code [P, d]}
     * @param layout of the prefix
     * @param text per prompt its own text, {@code [T_r, d]}
     * @param masks the mask tokens {@code [Q, d]}
     */
    public record Input(int hidden, float[] prefix, SegmentLayout layout, List<float[]> text, float[] masks) {}

    /**
     * @param layers per layer the states after it of prefix and then suffix tokens that are present there
     * @param finalHidden after the final norm, every token
     */
    public record Sequence(List<float[]> layers, float[] finalHidden) {}

    /** One prompt, every layer. */
    public static Sequence sequence(RoutedLlm llm, TorchScope work, Input input) {
        IValue taps = work.dictionary();
        IValue hidden = suffix(llm, work, input, prefix(llm, work, input, taps), taps);
        llm.joinTaps(work, taps, hidden);
        Map<String, IValue> entries = work.entries(taps);
        List<float[]> layers = new java.util.ArrayList<>();
        for (int i = 0; i < llm.plan().layers().size(); i++) {
            layers.add(work.floats(entries.get("llm.layers." + i + ".out")));
        }
        return new Sequence(layers, work.floats(entries.get("llm.last_hidden_state")));
    }

    /**
     * All prompts in one batch.
     *
     * @param cache per layer its keys, then its values, of the prefix, {@code [P, heads, d / heads]}
     * @param suffixes per prompt the final states {@code [T_r + Q, d]} of its own text and the mask tokens
     */
    public record Shared(Map<String, float[]> cache, List<float[]> suffixes) {}

    /** The prompts batched against one prefix. */
    public static Shared shared(RoutedLlm llm, TorchScope work, Input input, IValue noTaps) {
        IValue cache = prefix(llm, work, input, noTaps);
        Map<String, float[]> read = new LinkedHashMap<>();
        for (int i = 0; i < llm.plan().layers().size(); i++) {
            read.put("cache.layer" + i + ".k", position(work, cache, 2L * i));
            read.put("cache.layer" + i + ".v", position(work, cache, 2L * i + 1));
        }
        IValue[] parts = work.elements(suffix(llm, work, input, cache, noTaps));
        float[] text = work.floats(parts[0]);
        float[] late = work.floats(parts[1]);
        int rows = input.text().size();
        List<float[]> suffixes = new java.util.ArrayList<>();
        for (int r = 0; r < rows; r++) {
            int own = input.text().get(r).length;
            float[] joined = new float[own + late.length / rows];
            System.arraycopy(text, r * (text.length / rows), joined, 0, own);
            System.arraycopy(late, r * (late.length / rows), joined, own, late.length / rows);
            suffixes.add(joined);
        }
        return new Shared(read, suffixes);
    }

    private static float[] position(TorchScope work, IValue cache, long index) {
        return work.floats(work.run("by_position", work.run("at", cache, work.of(index))));
    }

    private static IValue prefix(RoutedLlm llm, TorchScope work, Input input, IValue taps) {
        long tokens = input.prefix().length / input.hidden();
        return llm.prefix(work, work.floats(input.prefix(), 1, tokens, input.hidden()), input.layout(), taps);
    }

    private static IValue suffix(RoutedLlm llm, TorchScope work, Input input, IValue cache, IValue taps) {
        int d = input.hidden();
        int rows = input.text().size();
        int longest = input.text().stream().mapToInt(t -> t.length).max().orElse(0);
        float[] padded = new float[rows * longest];
        long[] lengths = new long[rows];
        for (int r = 0; r < rows; r++) {
            float[] own = input.text().get(r);
            System.arraycopy(own, 0, padded, r * longest, own.length);
            lengths[r] = own.length / d;
        }
        IValue text = work.floats(padded, rows, longest / d, d);
        IValue late = work.floats(input.masks(), input.masks().length / d, d);
        return llm.suffix(work, text, late, lengths, new long[rows], cache, taps);
    }
}
