package io.maskroute.core.model;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmentation.FlopCounts;
import io.maskroute.core.segmenter.Segmentation.StageMillis;
import io.maskroute.core.segmenter.Segmentation.TokenCounts;
import io.maskroute.core.task.AnswerRule;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.task.ScoredMask;
import io.maskroute.core.torchscript.TorchScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Pictures and their prompts, of any tasks, through the network. The vision encoder, the pixel decoder and the LLM's prefix run once
 * per picture; its prompts' own tokens run against them in batches, as do those in the mask decoder. For one thread at a time.
 */
public final class ForwardPass {
    private final PsalmNetwork network;
    private final RoutedLlm llm;
    private final FlopsModel flops;
    private final int promptBatch;
    private final AnswerRule rule;

    /**
     * @param llm the network's own, or the same under another plan
     * @param flops for that plan
     * @param promptBatch prompts that run through the LLM at once
     */
    public ForwardPass(PsalmNetwork network, RoutedLlm llm, FlopsModel flops, int promptBatch) {
        this(network, llm, flops, promptBatch, AnswerRule.of(network.config().minScore()));
    }

    ForwardPass(PsalmNetwork network, RoutedLlm llm, FlopsModel flops, int promptBatch, AnswerRule rule) {
        this.network = network;
        this.llm = llm;
        this.flops = flops;
        this.promptBatch = promptBatch;
        this.rule = rule;
    }

    /** Is shown what the mask decoder gave for a prompt, behind the prompt's last stage: no stage's time has it. */
    public interface Onlooker {
        void look(Decoded decoded);
    }

    /**
     * As {@link io.maskroute.core.segmenter.Segmenter#segment(List)}. The pictures run together through the vision encoder and the
     * prefix, their prompts together through the LLM.
     */
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
        return segment(pictures, decoded -> {});
    }

    /** As {@link #segment(List)}, with an onlooker. */
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures, Onlooker onlooker) throws RowFailure {
        // What a picture's prompts share depends on them alone, so that their cost does, too, whatever runs beside
        // them.
        Map<List<Integer>, List<Integer>> together = new LinkedHashMap<>();
        for (int i = 0; i < pictures.size(); i++) {
            together.computeIfAbsent(sharedText(pictures.get(i)), shared -> new ArrayList<>())
                    .add(i);
        }
        List<List<Segmentation>> results = new ArrayList<>(Collections.nCopies(pictures.size(), null));
        for (List<Integer> which : together.values()) {
            List<List<Segmentation>> some =
                    run(which.stream().map(pictures::get).toList(), onlooker);
            for (int i = 0; i < which.size(); i++) {
                results.set(which.get(i), some.get(i));
            }
        }
        return results;
    }

    private static List<Integer> sharedText(PicturePrompts picture) {
        return Arrays.stream(PreparedPrompt.sharedText(picture.prompts()))
                .boxed()
                .toList();
    }

    private List<List<Segmentation>> run(List<PicturePrompts> pictures, Onlooker onlooker) throws RowFailure {
        StageClock clock = new StageClock();
        try (TorchScope work = network.scope()) {
            return run(work, pictures, clock, onlooker);
        } catch (EngineException e) {
            throw EngineFailure.of(clock.stage(), e);
        }
    }

    /**
     * One prompt of the batch.
     *
     * @param index among its picture's
     */
    private record Row(int picture, int index, PreparedPrompt prompt) {}

    private List<List<Segmentation>> run(
            TorchScope work, List<PicturePrompts> pictures, StageClock clock, Onlooker onlooker) throws RowFailure {
        IValue noTaps = network.noTaps();
        List<Row> rows = rows(pictures);
        List<PreparedImage> images =
                pictures.stream().map(PicturePrompts::image).toList();

        clock.start(Stage.VISION);
        EncodedPictures encoded =
                EncodedPictures.of(network.vision(), work, network.vision().normalize(work, images), noTaps);
        work.await(work.run("at", encoded.pixelDecoded(), work.of(0L)));
        double visionMillis = clock.stop() / pictures.size();

        // The mask decoder's time, but the picture's failure: no prompt has a part in it.
        clock.start(Stage.VISION);
        MaskDecoder.Memory memory = network.decoder().memory(work, encoded.pixelDecoded(), 0, pictures.size());
        work.await(memory.features());
        double memoryMillis = clock.stop() / pictures.size();

        clock.start(Stage.PREFIX);
        SharedPrefix prefix = SharedPrefix.of(rows.stream().map(Row::prompt).toList());
        IValue cache = prefix.run(work, llm, encoded.tokens(), images, noTaps);
        work.await(work.run("at", cache, work.of(0L)));
        double prefixMillis = clock.stop() / pictures.size();

        List<Segmentation[]> results = new ArrayList<>();
        List<List<FlopCounts>> counts = new ArrayList<>();
        for (PicturePrompts picture : pictures) {
            results.add(new Segmentation[picture.prompts().size()]);
            counts.add(flops.image(picture.prompts()).perPrompt());
        }
        Call call = new Call(pictures, encoded.imageTokens(), cache, prefix.after().length, memory, clock, onlooker);
        // In the order of the prompts; those of a kind picture by picture.
        Map<PromptBatch.Kind, List<Row>> kinds = new LinkedHashMap<>();
        rows.forEach(row -> kinds.computeIfAbsent(PromptBatch.Kind.of(row.prompt()), kind -> new ArrayList<>())
                .add(row));
        for (List<Row> kind : kinds.values()) {
            for (int from = 0; from < kind.size(); from += promptBatch) {
                List<Row> batch = kind.subList(from, Math.min(from + promptBatch, kind.size()));
                try (TorchScope inner = network.scope()) {
                    segmentBatch(inner, call, batch, (row, answer, times) -> {
                        int sharing = pictures.get(row.picture()).prompts().size();
                        StageMillis latency = new StageMillis(
                                visionMillis / sharing,
                                prefixMillis / sharing,
                                times[0],
                                times[1] + memoryMillis / sharing,
                                times[2]);
                        results.get(row.picture())[row.index()] = new Segmentation(
                                answer,
                                tokens(row.prompt()),
                                counts.get(row.picture()).get(row.index()),
                                latency);
                    });
                }
            }
        }
        return results.stream().map(List::of).toList();
    }

    /** What the batches of a call have in common. */
    private record Call(
            List<PicturePrompts> pictures,
            IValue imageTokens,
            IValue cache,
            int shared,
            MaskDecoder.Memory memory,
            StageClock clock,
            Onlooker onlooker) {}

    private static List<Row> rows(List<PicturePrompts> pictures) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            for (int p = 0; p < pictures.get(i).prompts().size(); p++) {
                rows.add(new Row(i, p, pictures.get(i).prompts().get(p)));
            }
        }
        PreparedPrompt first = rows.get(0).prompt();
        for (Row row : rows) {
            if (!Arrays.equals(row.prompt().prefix(), first.prefix())) {
                throw new IllegalArgumentException("prompts of one call share their prefix");
            }
        }
        return rows;
    }

    private interface BatchConsumer {
        /** @param times milliseconds in the LLM, the mask decoder and post-processing */
        void accept(Row row, List<ScoredMask> answer, double[] times);
    }

    /** @param batch of one kind, picture by picture */
    private void segmentBatch(TorchScope work, Call call, List<Row> batch, BatchConsumer consumer) throws RowFailure {
        IValue noTaps = network.noTaps();
        StageClock clock = call.clock();
        clock.start(Stage.PROMPT);
        PromptBatch prompts = new PromptBatch(
                batch.stream().map(Row::prompt).toList(),
                call.shared(),
                batch.stream().mapToLong(Row::picture).toArray());
        IValue hidden = prompts.hidden(work, llm, network.bridge(), call.imageTokens(), call.cache(), noTaps);
        PromptBridge.Inputs inputs = network.bridge().inputs(work, hidden, prompts, noTaps);
        work.await(inputs.queries());
        double promptMillis = clock.stop() / batch.size();

        int[] pictureOf = batch.stream().mapToInt(Row::picture).toArray();
        for (DecoderBatch together : DecoderBatch.of(pictureOf, promptBatch)) {
            clock.start(Stage.DECODER);
            MaskDecoder.Memory shared = call.memory().of(work, together.firstPicture(), together.endPicture());
            MaskDecoder.DecodedPrompts decoded =
                    network.decoder().decode(work, inputs.of(work, together.rows()), shared, noTaps);
            work.await(decoded.logits());
            double decoderMillis = clock.stop() / together.size();
            int row = together.firstRow();
            for (int p = 0; p < together.prompts().size(); p++) {
                MaskDecoder.Memory own = shared.of(work, p, p + 1);
                PreparedImage image =
                        call.pictures().get(together.firstPicture() + p).image();
                for (int i = 0; i < together.prompts().get(p); i++) {
                    clock.start(Stage.POSTPROCESS);
                    Row one = batch.get(row++);
                    Decoded of = decoded.of(work, p * together.widest() + i, own, image.geometry());
                    List<ScoredMask> answer = one.prompt().task().masks(of, rule);
                    consumer.accept(one, answer, new double[] {promptMillis, decoderMillis, clock.stop()});
                    call.onlooker().look(of);
                }
            }
        }
    }

    private TokenCounts tokens(PreparedPrompt prompt) {
        RoutingPlan plan = llm.plan();
        int latents = prompt.latents().length();
        return new TokenCounts(
                plan.imageTokens() + latents,
                plan.meanProxies() + latents,
                prompt.prefix().length + prompt.text().length - latents,
                network.config().maskDecoder().queries());
    }
}
