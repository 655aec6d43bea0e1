package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Arrays;
import java.util.List;

/**
 * Prompts that run through the LLM together.
 *
 * @param own token ids that are a prompt's own
 * @param conditions per prompt how many of those, from the first, are its condition
 * @param pictures per prompt which row of the prefix cache it belongs to
 */
public record PromptBatch(int[][] own, long[] conditions, long[] pictures) {

    /** @param pictures per prompt which row of the prefix cache it belongs to */
    public static PromptBatch of(List<PreparedPrompt> prompts, long[] pictures) {
        return new PromptBatch(
                prompts.stream().map(PreparedPrompt::own).toArray(int[][]::new),
                prompts.stream().mapToLong(prompt -> prompt.condition().length).toArray(),
                pictures);
    }

    /**
     * The prompts' own tokens against the prefix.
     *
     * @param cache what {@link RoutedLlm#prefix} gave
     * @return what {@link MaskDecoder#inputs} gives
     */
    public IValue[] decoderInputs(TorchScope work, RoutedLlm llm, MaskDecoder decoder, IValue cache, IValue taps) {
        return inputs(work, decoder, hidden(work, llm, decoder, cache, taps), taps);
    }

    /** The prompts' own tokens against the prefix: what {@link RoutedLlm#suffix} gives. */
    public IValue hidden(TorchScope work, RoutedLlm llm, MaskDecoder decoder, IValue cache, IValue taps) {
        return llm.suffix(work, text(work, llm), decoder.maskTokens(), lengths(), pictures, cache, taps);
    }

    /** As {@link #hidden}, of prompts that stand alone. */
    public IValue alone(TorchScope work, RoutedLlm llm, MaskDecoder decoder) {
        return llm.withoutPicture(work, text(work, llm), decoder.maskTokens(), lengths());
    }

    /** As {@link #hidden}, of words that no layer of the LLM reads, and without mask tokens. */
    public IValue words(TorchScope work, RoutedLlm llm) {
        return llm.leftOut(work, text(work, llm));
    }

    private long[] lengths() {
        return Arrays.stream(own).mapToLong(ids -> ids.length).toArray();
    }

    /** What {@link MaskDecoder#inputs} makes of {@link #hidden}. */
    public IValue[] inputs(TorchScope work, MaskDecoder decoder, IValue hidden, IValue taps) {
        return decoder.inputs(work, hidden, new long[own.length], conditions, taps);
    }

    private IValue text(TorchScope work, RoutedLlm llm) {
        int longest = Arrays.stream(own).mapToInt(ids -> ids.length).max().orElseThrow();
        return llm.textInput(work, own, longest);
    }
}
