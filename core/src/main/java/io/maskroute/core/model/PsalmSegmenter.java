package io.maskroute.core.model;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.ReferringPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import io.maskroute.core.segmenter.Segmentation.ScoredMask;
import io.maskroute.core.segmenter.Segmentation.StageMillis;
import io.maskroute.core.segmenter.Segmentation.TokenCounts;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A model folder opened for referring prompts. Per picture the vision encoder, the pixel decoder and the LLM's prefix run once;
 * its prompts' own tokens run against them in batches.
 */
public final class PsalmSegmenter implements Segmenter {
    private final LoadedModel model;
    private final PsalmNetwork network;
    private final ImagePreprocessor preprocessor;
    private final SegmenterOptions options;
    private Thread inferenceThread;

    private PsalmSegmenter(LoadedModel model, SegmenterOptions options) {
        this.model = model;
        this.network = model.network();
        this.preprocessor = new ImagePreprocessor(network.config().image());
        this.options = options;
    }

    /**
     * Loads a model onto a device. Costs one pass over the weights for the fingerprint and one to copy them.
     *
     * @throws io.maskroute.core.error.UnusableInputException when the folder, its weights, the schedule or the device cannot be used
     */
    public static PsalmSegmenter open(Path modelFolder, SegmenterOptions options) {
        return new PsalmSegmenter(LoadedModel.open(modelFolder, options), options);
    }

    @Override
    public SegmenterInfo info() {
        return model.info();
    }

    @Override
    public PreparedImage prepare(RgbImage image) {
        return preprocessor.prepare(image);
    }

    @Override
    public PreparedPrompt prepare(ReferringPrompt prompt) throws RowFailure {
        return model.tokenizer().prepare(prompt);
    }

    @Override
    public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
        if (prompts.isEmpty()) {
            return List.of();
        }
        enterThread();
        StageClock clock = new StageClock();
        try (TorchScope work = network.scope()) {
            return segment(work, image, prompts, clock);
        } catch (EngineException e) {
            throw new RowFailure(clock.stage(), "engine-error", lastLine(e), e);
        }
    }

    private void enterThread() {
        if (Thread.currentThread() != inferenceThread) {
            inferenceThread = Thread.currentThread();
            TorchProgram.enterThread(options.threads());
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
                new SegmentLayout(first.prefix().length, network.llm().plan().imageTokens(), first.task().length);
        IValue prefix = network.llm().prefixInput(work, first.prefix(), imageTokens, first.task());
        IValue cache = network.llm().prefix(work, prefix, layout, noTaps);
        work.await(work.run("at", cache, work.of(0L)));
        double prefixMillis = clock.stop() / prompts.size();

        List<FlopCounts> counts = model.flops()
                .image(
                        layout,
                        prompts.stream().mapToInt(PsalmSegmenter::ownLength).toArray())
                .perPrompt();
        List<Segmentation> results = new ArrayList<>(prompts.size());
        for (int from = 0; from < prompts.size(); from += options.promptBatch()) {
            List<PreparedPrompt> batch = prompts.subList(from, Math.min(from + options.promptBatch(), prompts.size()));
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
            own[r] = Arrays.copyOf(prompt.condition(), ownLength(prompt));
            System.arraycopy(prompt.suffix(), 0, own[r], prompt.condition().length, prompt.suffix().length);
            lengths[r] = own[r].length;
            ends[r] = prompt.condition().length;
        }
        int longest = (int) Arrays.stream(lengths).max().orElseThrow();
        IValue text = network.llm().textInput(work, own, longest);
        IValue hidden = network.llm().suffix(work, text, decoder.maskTokens(), lengths, new long[rows], cache, noTaps);
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
        RoutingPlan plan = network.llm().plan();
        return new TokenCounts(
                plan.imageTokens(),
                plan.meanProxies(),
                prompt.prefix().length + prompt.task().length + ownLength(prompt),
                network.config().maskDecoder().queries());
    }

    private static int ownLength(PreparedPrompt prompt) {
        return prompt.condition().length + prompt.suffix().length;
    }

    /** The interpreter prints its traceback first and the reason last. */
    private static String lastLine(EngineException e) {
        String message = String.valueOf(e.getMessage()).strip();
        return message.substring(message.lastIndexOf('\n') + 1);
    }

    @Override
    public void close() {
        model.close();
    }
}
