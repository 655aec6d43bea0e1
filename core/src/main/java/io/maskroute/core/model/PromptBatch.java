package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.PreparedPrompt.Span;
import io.maskroute.core.task.Head;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Prompts that run through the LLM together: all of one head, with equally many conditions.
 *
 * @param shared how many tokens of their texts are in the prefix
 * @param pictures per prompt which row of the prefix cache it belongs to
 */
public record PromptBatch(List<PreparedPrompt> prompts, int shared, long[] pictures) {
    public PromptBatch {
        prompts = List.copyOf(prompts);
    }

    /** Which prompts may stand in a batch together. */
    record Kind(Head head, int conditions) {
        static Kind of(PreparedPrompt prompt) {
            return new Kind(prompt.task().head(), prompt.conditions().size());
        }
    }

    Kind kind() {
        return Kind.of(prompts.get(0));
    }

    /** Per prompt how many tokens of its text are its own. */
    long[] lengths() {
        return prompts.stream()
                .mapToLong(prompt -> prompt.text().length - shared)
                .toArray();
    }

    /** Positions in the prompts' own text, {@code [R, N]} row by row, where their conditions start. */
    long[] starts() {
        return spans().mapToLong(span -> span.start() - shared).toArray();
    }

    /** The positions after their conditions. */
    long[] ends() {
        return spans().mapToLong(span -> span.end() - shared).toArray();
    }

    private Stream<Span> spans() {
        return prompts.stream().flatMap(prompt -> prompt.conditions().stream());
    }

    /** The embedded text of the prompts' own, {@code [R, T, d]} padded on the right, but for regions. */
    private IValue text(TorchScope work, RoutedLlm llm) {
        int[][] own = prompts.stream().map(prompt -> prompt.own(shared)).toArray(int[][]::new);
        int longest = Arrays.stream(own).mapToInt(ids -> ids.length).max().orElseThrow();
        return llm.textInput(work, own, longest);
    }

    /** The same with the regions' embeddings from their pictures' image tokens {@code [B, N, d]}. */
    IValue text(TorchScope work, RoutedLlm llm, IValue imageTokens, IValue taps) {
        IValue text = text(work, llm);
        if (kind().head() != Head.REGION) {
            return text;
        }
        int count = kind().conditions();
        int regions = prompts.size() * count;
        long[] row = IntStream.range(0, regions).mapToLong(i -> i / count).toArray();
        long[] picture = Arrays.stream(row).map(r -> pictures[(int) r]).toArray();
        int points = prompts.get(0).regions().get(0).length / 2;
        float[] all = new float[regions * points * 2];
        int at = 0;
        for (PreparedPrompt prompt : prompts) {
            for (float[] region : prompt.regions()) {
                System.arraycopy(region, 0, all, at, region.length);
                at += region.length;
            }
        }
        IValue features = work.run(
                "region_features",
                imageTokens,
                work.longsOnDevice(picture),
                work.run("to_device_of", work.floats(all, regions, points, 2), imageTokens),
                taps);
        return work.run("insert_regions", text, work.longsOnDevice(row), work.longsOnDevice(starts()), features);
    }

    /**
     * The prompts' own tokens against the prefix: what {@link RoutedLlm#suffix} gives.
     *
     * @param imageTokens of the pictures, {@code [B, N, d]}
     * @param cache what {@link RoutedLlm#prefix} gave
     */
    public IValue hidden(
            TorchScope work, RoutedLlm llm, PromptBridge bridge, IValue imageTokens, IValue cache, IValue taps) {
        return llm.suffix(
                work, text(work, llm, imageTokens, taps), bridge.maskTokens(), lengths(), pictures, cache, taps);
    }

    /** As {@link #hidden}, of referring prompts that stand alone. */
    public IValue alone(TorchScope work, RoutedLlm llm, PromptBridge bridge) {
        return llm.withoutPicture(work, text(work, llm), bridge.maskTokens(), lengths());
    }

    /** The final norm of referring prompts' own words, which no layer of the LLM reads; there are no mask tokens. */
    public IValue words(TorchScope work, RoutedLlm llm) {
        return llm.leftOut(work, text(work, llm));
    }
}
