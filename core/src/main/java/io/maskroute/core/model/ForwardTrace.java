package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.PreparedPrompt.Span;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One forward pass for one prompt, with every named activation. It runs the same stages as production, prefix and suffix apart,
 * and joins the two where the names speak of the whole sequence.
 */
public final class ForwardTrace {
    private ForwardTrace() {}

    /**
     * A picture and a tokenised prompt.
     *
     * @param pixels fp32 {@code [3, size, size]}, normalised
     * @param stretched the whole picture likewise in the family's other square, or empty
     * @param tail token ids after the mask tokens, which no result depends on; traced in a dense run only
     */
    public record Input(float[] pixels, float[] stretched, ImageGeometry picture, PreparedPrompt prompt, int[] tail) {}

    /** @return the activations by name; they belong to the scope */
    public static Map<String, IValue> run(PsalmNetwork network, TorchScope work, Input input) {
        RoutedLlm llm = network.llm();
        PromptBridge bridge = network.bridge();
        PreparedPrompt prompt = input.prompt();
        IValue taps = work.dictionary();
        VisionEncoder.Pixels pixels = network.vision().input(work, input.pixels(), input.stretched());
        EncodedPictures encoded = EncodedPictures.of(network.vision(), work, pixels, taps);
        MaskDecoder.Memory memory = network.decoder().memory(work, encoded.pixelDecoded(), 0, 1);

        SharedPrefix prefix = SharedPrefix.of(List.of(prompt));
        IValue cache = prefix.run(work, llm, encoded.tokens(), taps);

        PromptBatch batch = new PromptBatch(List.of(prompt), prefix.after().length, new long[] {0});
        IValue text = batch.text(work, llm, encoded.imageTokens(), taps);
        // Text after the mask tokens is part of the sequence only where they are: with late mask tokens it is left out.
        int[] tail = llm.plan().maskTokenLayer() == 0 ? input.tail() : new int[0];
        int pad = network.config().specialTokens().pad();
        if (tail.length > 0 && Arrays.stream(tail).allMatch(id -> id == pad)) {
            work.run("padded_tail", taps, work.of((long) tail.length));
        }
        IValue late = llm.lateTokens(work, bridge.maskTokens(), tail);
        work.run("tap_sequence", taps, prefix.input(work, llm, encoded.tokens()), text, late);
        IValue hidden = llm.suffix(work, text, late, batch.lengths(), batch.pictures(), cache, taps);
        llm.joinTaps(work, taps, hidden);

        PromptBridge.Inputs inputs = bridge.inputs(work, hidden, batch, taps);
        Decoded decoded = network.decoder().decode(work, inputs, memory, taps).of(work, 0, memory, input.picture());
        prompt.task().trace(decoded, taps);
        work.run(
                "tap_layout",
                taps,
                work.of((long) prompt.prefix().length),
                work.of((long) llm.plan().imageTokens()),
                work.of((long) prompt.text().length),
                work.of((long) prompt.latents().start()),
                work.of((long) prompt.latents().length()),
                work.of((long) network.config().maskDecoder().queries()),
                work.of((long) tail.length),
                work.ints(prompt.conditions().stream().mapToLong(Span::start).toArray()),
                work.ints(prompt.conditions().stream().mapToLong(Span::end).toArray()),
                work.of(prompt.task().head().queries()),
                work.ints(input.picture().contentHeight(), input.picture().contentWidth()));
        network.vision()
                .trace(
                        work,
                        taps,
                        prompt.prefix().length
                                + llm.plan().imageTokens()
                                + prompt.latents().start());
        return work.entries(taps);
    }
}
