package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Map;

/**
 * One forward pass for one prompt, with every named activation. It runs the same stages as production, prefix and suffix apart,
 * and joins the two where the names speak of the whole sequence.
 */
public final class ForwardTrace {
    private ForwardTrace() {}

    /**
     * A picture and a tokenised referring prompt.
     *
     * @param pixels fp32 {@code [3, size, size]}, normalised
     * @param before token ids before the image tokens
     * @param task token ids between the image tokens and the condition
     * @param condition token ids of the referring expression with its {@code [SEG]}
     * @param suffix token ids between the condition and the mask tokens
     * @param tail token ids after the mask tokens, which no result depends on; traced in a dense run only
     * @param contentHeight rows of the square that hold the picture
     * @param contentWidth columns of the square that hold the picture
     */
    public record Input(
            float[] pixels,
            int[] before,
            int[] task,
            int[] condition,
            int[] suffix,
            int[] tail,
            int contentHeight,
            int contentWidth,
            int originalHeight,
            int originalWidth) {}

    /** @return the activations by name; they belong to the scope */
    public static Map<String, IValue> run(PsalmNetwork network, TorchScope work, Input input) {
        int size = network.config().image().size();
        RoutedLlm llm = network.llm();
        MaskDecoder decoder = network.decoder();
        IValue taps = work.dictionary();
        IValue pixels = network.vision().input(work, work.floats(input.pixels(), 1, 3, size, size));
        IValue maps = network.vision().backbone(work, pixels, taps);
        IValue imageTokens = network.vision().imageTokens(work, maps, taps);
        MaskDecoder.Memory memory = decoder.memory(work, network.vision().pixelDecoder(work, maps, taps), 0, 1);

        IValue prefix = llm.prefixInput(work, input.before(), imageTokens, input.task());
        SegmentLayout layout =
                new SegmentLayout(input.before().length, llm.plan().imageTokens(), input.task().length);
        IValue cache = llm.prefix(work, prefix, layout, taps);

        int[] own = new int[input.condition().length + input.suffix().length];
        System.arraycopy(input.condition(), 0, own, 0, input.condition().length);
        System.arraycopy(input.suffix(), 0, own, input.condition().length, input.suffix().length);
        IValue text = llm.textInput(work, new int[][] {own}, own.length);
        // Text after the mask tokens is part of the sequence only where they are: with late mask tokens it is left out.
        int[] tail = llm.plan().maskTokenLayer() == 0 ? input.tail() : new int[0];
        IValue late = llm.lateTokens(work, decoder.maskTokens(), tail);
        work.run("tap_sequence", taps, prefix, text, late);
        IValue hidden = llm.suffix(work, text, late, new long[] {own.length}, new long[] {0}, cache, taps);
        llm.joinTaps(work, taps, hidden);

        long[] starts = {0};
        long[] ends = {input.condition().length};
        IValue[] decoded = decoder.decode(work, decoder.inputs(work, hidden, starts, ends, taps), memory, taps);
        work.run(
                "all_masks",
                work.run("row", decoded[0], work.of(0L)),
                work.run("row", decoded[1], work.of(0L)),
                memory.features(),
                work.of((long) size),
                work.of((long) decoder.maskSize()),
                work.ints(input.contentHeight(), input.contentWidth()),
                work.ints(input.originalHeight(), input.originalWidth()),
                taps);
        work.run(
                "tap_layout",
                taps,
                work.ints(
                        input.before().length,
                        llm.plan().imageTokens(),
                        input.task().length,
                        input.condition().length,
                        input.suffix().length,
                        network.config().maskDecoder().queries(),
                        tail.length),
                work.ints(input.contentHeight(), input.contentWidth()));
        return work.entries(taps);
    }
}
