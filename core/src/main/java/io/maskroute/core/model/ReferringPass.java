package io.maskroute.core.model;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import io.maskroute.core.segmenter.Segmentation.ScoredMask;
import io.maskroute.core.segmenter.Segmentation.StageMillis;
import io.maskroute.core.segmenter.Segmentation.TokenCounts;
import io.maskroute.core.torchscript.TorchScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A picture and its referring prompts through the network. The vision encoder, the pixel decoder and the LLM's prefix run once
 * per picture; its prompts' own tokens run against them in batches. For one thread at a time.
 */
public final class ReferringPass {
    private final PsalmNetwork network;
    private final RoutedLlm llm;
    private final FlopsModel flops;
    private final int promptBatch;

    /**
     * @param llm the network's own, or the same under another plan
     * @param flops for that plan
     * @param promptBatch prompts that run through the LLM at once
     */
    public ReferringPass(PsalmNetwork network, RoutedLlm llm, FlopsModel flops, int promptBatch) {
        this.network = network;
        this.llm = llm;
        this.flops = flops;
        this.promptBatch = promptBatch;
    }

    /** As {@link io.maskroute.core.segmenter.Segmenter#segment}. */
    public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
        if (prompts.isEmpty()) {
            return List.of();
        }
        StageClock clock = new StageClock();
        try (TorchScope work = network.scope()) {
            return segment(work, image, prompts, clock);
        } catch (EngineException e) {
            throw new RowFailure(clock.stage(), "engine-error", lastLine(e), e);
        }
    }

    private List<Segmentation> segment(
            TorchScope work, PreparedImage image, List<PreparedPrompt> prompts, StageClock clock) {
        IValue noTaps = network.noTaps();
        MaskDecoder decoder = network.decoder();
        clock.start(Stage.VISION);
        IValue maps = network.vision().backbone(work, network.vision().normalize(work, image), noTaps);
        IValue imageTokens = network.vision().imageTokens(work, maps, noTaps);
        MaskDecoder.Memory memory = decoder.memory(work, network.vision().pixelDecoder(work, maps, noTaps));
        work.await(memory.features());
        double visionMillis = clock.stop() / prompts.size();

        PreparedPrompt first = prompts.get(0);
        if (prompts.stream()
                .anyMatch(p -> !Arrays.equals(p.prefix(), first.prefix()) || !Arrays.equals(p.task(), first.task()))) {
            throw new IllegalArgumentException("prompts of one call share their prefix and task text");
        }
        clock.start(Stage.PREFIX);
        SegmentLayout layout =
                new SegmentLayout(first.prefix().length, llm.plan().imageTokens(), first.task().length);
        IValue prefix = llm.prefixInput(work, first.prefix(), imageTokens, first.task());
        IValue cache = llm.prefix(work, prefix, layout, noTaps);
        work.await(work.run("at", cache, work.of(0L)));
        double prefixMillis = clock.stop() / prompts.size();

        List<FlopCounts> counts = flops.image(prompts).perPrompt();
        List<Segmentation> results = new ArrayList<>(prompts.size());
        for (int from = 0; from < prompts.size(); from += promptBatch) {
            List<PreparedPrompt> batch = prompts.subList(from, Math.min(from + promptBatch, prompts.size()));
            try (TorchScope inner = network.scope()) {
                segmentBatch(inner, image, batch, cache, memory, clock, (row, mask, times) -> {
                    StageMillis latency = new StageMillis(visionMillis, prefixMillis, times[0], times[1], times[2]);
                    results.add(new Segmentation(
                            List.of(mask), tokens(batch.get(row)), counts.get(results.size()), latency));
                });
            }
        }
        return results;
    }

    private interface BatchConsumer {
        /** @param times milliseconds in the LLM, the mask decoder and post-processing */
        void accept(int row, ScoredMask mask, double[] times);
    }

    private void segmentBatch(
            TorchScope work,
            PreparedImage image,
            List<PreparedPrompt> batch,
            IValue cache,
            MaskDecoder.Memory memory,
            StageClock clock,
            BatchConsumer consumer) {
        IValue noTaps = network.noTaps();
        MaskDecoder decoder = network.decoder();
        clock.start(Stage.PROMPT);
        int rows = batch.size();
        int[][] own = new int[rows][];
        long[] lengths = new long[rows];
        long[] ends = new long[rows];
        for (int r = 0; r < rows; r++) {
            PreparedPrompt prompt = batch.get(r);
            own[r] = prompt.own();
            lengths[r] = own[r].length;
            ends[r] = prompt.condition().length;
        }
        int longest = (int) Arrays.stream(lengths).max().orElseThrow();
        IValue text = llm.textInput(work, own, longest);
        IValue hidden = llm.suffix(work, text, decoder.maskTokens(), lengths, new long[rows], cache, noTaps);
        IValue[] inputs = decoder.inputs(work, hidden, new long[rows], ends, noTaps);
        work.await(inputs[0]);
        double promptMillis = clock.stop() / rows;

        clock.start(Stage.DECODER);
        IValue[] decoded = decoder.decode(work, inputs, memory, noTaps);
        work.await(decoded[0]);
        double decoderMillis = clock.stop() / rows;

        for (int r = 0; r < rows; r++) {
            clock.start(Stage.POSTPROCESS);
            IValue[] best = decoder.bestMask(work, decoded, r, memory, image);
            ScoredMask mask = new ScoredMask(
                    new BinaryMask(image.originalHeight(), image.originalWidth(), work.bytes(best[2])),
                    work.floats(best[0])[0]);
            consumer.accept(r, mask, new double[] {promptMillis, decoderMillis, clock.stop()});
        }
    }

    private TokenCounts tokens(PreparedPrompt prompt) {
        RoutingPlan plan = llm.plan();
        return new TokenCounts(
                plan.imageTokens(),
                plan.meanProxies(),
                prompt.prefix().length + prompt.task().length + prompt.ownLength(),
                network.config().maskDecoder().queries());
    }

    /** The interpreter prints its traceback first and the reason last. */
    private static String lastLine(EngineException e) {
        String message = String.valueOf(e.getMessage()).strip();
        return message.substring(message.lastIndexOf('\n') + 1);
    }
}
