package io.maskroute.core.model;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PicturePrompts;
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
 * Pictures and their referring prompts through the network. The vision encoder, the pixel decoder and the LLM's prefix run once
 * per picture; its prompts' own tokens run against them in batches, as do those in the mask decoder.
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

    /** Is shown what the mask decoder gave for a prompt, behind the prompt's last stage: no stage's time has it. */
    public interface Onlooker {
        /** @param row which prompt of {@code decoded}; the rest as {@link MaskDecoder#bestMask} takes it */
        void look(TorchScope work, IValue[] decoded, int row, MaskDecoder.Memory memory, PreparedImage image);
    }

    /**
     * As {@link io.maskroute.core.segmenter.Segmenter#segment(List)}. The pictures run together through the vision encoder and the
     * prefix, their prompts together through the LLM.
     */
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
        return segment(pictures, (work, decoded, row, memory, image) -> {});
    }

    /** As {@link #segment(List)}, with an onlooker. */
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures, Onlooker onlooker) throws RowFailure {
        if (pictures.isEmpty()) {
            return List.of();
        }
        StageClock clock = new StageClock();
        try (TorchScope work = network.scope()) {
            return segment(work, pictures, clock, onlooker);
        } catch (EngineException e) {
            throw EngineFailure.of(clock.stage(), e);
        }
    }

    /** One prompt of the batch; prompts of a picture stand together. */
    private record Row(int picture, PreparedPrompt prompt) {}

    private List<List<Segmentation>> segment(
            TorchScope work, List<PicturePrompts> pictures, StageClock clock, Onlooker onlooker) throws RowFailure {
        IValue noTaps = network.noTaps();
        List<Row> rows = rows(pictures);
        PreparedPrompt first = rows.get(0).prompt();

        clock.start(Stage.VISION);
        List<PreparedImage> images =
                pictures.stream().map(PicturePrompts::image).toList();
        IValue pixels = network.vision().normalize(work, images);
        IValue maps = network.vision().backbone(work, pixels, noTaps);
        IValue imageTokens = network.vision().imageTokens(work, maps, noTaps);
        IValue decoded = network.vision().pixelDecoder(work, maps, noTaps);
        work.await(work.run("at", decoded, work.of(0L)));
        double visionMillis = clock.stop() / pictures.size();

        // The mask decoder's time, but the picture's failure: no prompt has a part in it.
        clock.start(Stage.VISION);
        MaskDecoder.Memory memory = network.decoder().memory(work, decoded, 0, pictures.size());
        work.await(memory.features());
        double memoryMillis = clock.stop() / pictures.size();

        clock.start(Stage.PREFIX);
        SegmentLayout layout =
                new SegmentLayout(first.prefix().length, llm.plan().imageTokens(), first.task().length);
        IValue prefix = llm.prefixInput(work, first.prefix(), imageTokens, first.task());
        IValue cache = llm.prefix(work, prefix, layout, images, noTaps);
        work.await(work.run("at", cache, work.of(0L)));
        double prefixMillis = clock.stop() / pictures.size();

        List<List<Segmentation>> results = new ArrayList<>();
        List<List<FlopCounts>> counts = new ArrayList<>();
        for (PicturePrompts picture : pictures) {
            results.add(new ArrayList<>());
            counts.add(flops.image(picture.prompts()).perPrompt());
        }
        for (int from = 0; from < rows.size(); from += promptBatch) {
            List<Row> batch = rows.subList(from, Math.min(from + promptBatch, rows.size()));
            try (TorchScope inner = network.scope()) {
                segmentBatch(inner, pictures, batch, cache, memory, clock, onlooker, (row, answer, times) -> {
                    List<Segmentation> ofPicture = results.get(row.picture());
                    int sharing = pictures.get(row.picture()).prompts().size();
                    StageMillis latency = new StageMillis(
                            visionMillis / sharing,
                            prefixMillis / sharing,
                            times[0],
                            times[1] + memoryMillis / sharing,
                            times[2]);
                    ofPicture.add(new Segmentation(
                            answer,
                            tokens(row.prompt()),
                            counts.get(row.picture()).get(ofPicture.size()),
                            latency));
                });
            }
        }
        return results;
    }

    private static List<Row> rows(List<PicturePrompts> pictures) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            for (PreparedPrompt prompt : pictures.get(i).prompts()) {
                rows.add(new Row(i, prompt));
            }
        }
        PreparedPrompt first = rows.get(0).prompt();
        for (Row row : rows) {
            if (!Arrays.equals(row.prompt().prefix(), first.prefix())
                    || !Arrays.equals(row.prompt().task(), first.task())) {
                throw new IllegalArgumentException("prompts of one call share their prefix and task text");
            }
        }
        return rows;
    }

    private interface BatchConsumer {
        /** @param times milliseconds in the LLM, the mask decoder and post-processing */
        void accept(Row row, List<ScoredMask> answer, double[] times);
    }

    private void segmentBatch(
            TorchScope work,
            List<PicturePrompts> pictures,
            List<Row> batch,
            IValue cache,
            MaskDecoder.Memory memory,
            StageClock clock,
            Onlooker onlooker,
            BatchConsumer consumer)
            throws RowFailure {
        IValue noTaps = network.noTaps();
        MaskDecoder decoder = network.decoder();
        clock.start(Stage.PROMPT);
        int rows = batch.size();
        PromptBatch prompts = PromptBatch.of(
                batch.stream().map(Row::prompt).toList(),
                batch.stream().mapToLong(Row::picture).toArray());
        IValue[] inputs = prompts.decoderInputs(work, llm, decoder, cache, noTaps);
        work.await(inputs[0]);
        double promptMillis = clock.stop() / rows;

        int[] pictureOf = batch.stream().mapToInt(Row::picture).toArray();
        for (DecoderBatch together : DecoderBatch.of(pictureOf, promptBatch)) {
            clock.start(Stage.DECODER);
            MaskDecoder.Memory shared = memory.of(work, together.firstPicture(), together.endPicture());
            IValue[] decoded = decoder.decode(work, decoder.inputsOf(work, inputs, together.rows()), shared, noTaps);
            work.await(decoded[0]);
            double decoderMillis = clock.stop() / together.size();
            int row = together.firstRow();
            for (int p = 0; p < together.prompts().size(); p++) {
                MaskDecoder.Memory own = shared.of(work, p, p + 1);
                PreparedImage image = pictures.get(together.firstPicture() + p).image();
                for (int i = 0; i < together.prompts().get(p); i++) {
                    clock.start(Stage.POSTPROCESS);
                    int at = p * together.widest() + i;
                    List<ScoredMask> answer = answer(work, decoder.bestMask(work, decoded, at, own, image), image);
                    consumer.accept(batch.get(row), answer, new double[] {promptMillis, decoderMillis, clock.stop()});
                    onlooker.look(work, decoded, at, own, image);
                    row++;
                }
            }
        }
    }

    /** The best mask, or nothing when even that one scores too little. */
    private List<ScoredMask> answer(TorchScope work, IValue[] best, PreparedImage image) throws RowFailure {
        float score = work.floats(best[0])[0];
        // NaN is below no least score: without this it would be an answer.
        if (!Float.isFinite(score)) {
            throw new RowFailure(Stage.POSTPROCESS, "not-finite", "the mask decoder gives numbers that are not finite");
        }
        if (score < network.config().minScore()) {
            return List.of();
        }
        return List.of(new ScoredMask(
                new BinaryMask(image.originalHeight(), image.originalWidth(), work.bytes(best[2])), score));
    }

    private TokenCounts tokens(PreparedPrompt prompt) {
        RoutingPlan plan = llm.plan();
        return new TokenCounts(
                plan.imageTokens(),
                plan.meanProxies(),
                prompt.prefix().length + prompt.task().length + prompt.ownLength(),
                network.config().maskDecoder().queries());
    }
}
