package io.maskroute.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.model.TinyModel;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.RandomProjectors;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingScheduleReader;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.training.Trainer.Trainable;
import io.maskroute.core.training.TrainingSettings.Reading;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
    private static final ModelConfig CONFIG = TinyModel.config(new VisionProjector(VisionProjector.Kind.MLP, 4, 0));

    private static Trainer trainer(TrainingSettings settings) {
        return Trainer.open(
                CONFIG, RandomWeights.of(CONFIG, 3), dense(), Optional.empty(), Trainable.ALL, "cpu", 1, settings);
    }

    private static RoutingPlan dense() {
        int side = CONFIG.imageTokenSide();
        return RoutingPlan.of(RoutingAdapter.dense().schedule(), CONFIG, side, side);
    }

    /** A bright rectangle on noise, asked for in two ways, and something that is not there. */
    private static TrainingPicture picture(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int size = CONFIG.image().size();
        byte[] pixels = new byte[3 * size * size];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(100);
        }
        int cells = CONFIG.mapSide(2);
        float[] target = new float[cells * cells];
        int left = random.nextInt(cells / 2);
        int top = random.nextInt(cells / 2);
        for (int y = top; y < top + cells / 3; y++) {
            for (int x = left; x < left + cells / 3; x++) {
                target[y * cells + x] = 1;
                for (int i = 0; i < 16; i++) {
                    pixels[size * size + (y * 4 + i / 4) * size + x * 4 + i % 4] = (byte) 240;
                }
            }
        }
        int[] prefix = {5, 6, 7};
        int[] task = {8, 9};
        List<PreparedPrompt> prompts = List.of(
                PreparedPrompt.referring(prefix, task, new int[] {20, 21, 2047}, new int[] {11}),
                PreparedPrompt.referring(prefix, task, new int[] {22, 2047}, new int[] {11}),
                PreparedPrompt.referring(prefix, task, new int[] {23, 24, 25, 2047}, new int[] {11}));
        return new TrainingPicture(
                new PicturePrompts(new PreparedImage(pixels, size, size, size, size, size), prompts),
                List.of(target, target, new float[cells * cells]));
    }

    /** Which positions a query attends to changes in jumps, so that only what does not decide it has a slope to compare with. */
    @Test
    void gradientsFromPixelsToWordsAreThoseOfTheLoss() {
        compareGradients(
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 0, 0, 0, 0, 5, 0, 0, Reading.WITH_PICTURE),
                List.of(
                        "model.layers.2.mlp.fc1.weight",
                        "model.layers.0.self_attn.query_key_value.weight",
                        "model.layers.3.self_attn.dense.bias",
                        "model.embed_tokens.weight",
                        "model.vision_tower.patch_embed.proj.weight",
                        "model.vision_tower.layers.1.blocks.0.attn.relative_position_bias_table",
                        "model.mm_projector.0.weight",
                        "pixel_decoder.transformer.encoder.layers.0.self_attn.sampling_offsets.bias",
                        "pixel_decoder.transformer.encoder.layers.1.self_attn.attention_weights.weight",
                        "pixel_decoder.mask_features.weight",
                        "SEG_token_projector.weight"));
    }

    @Test
    void gradientsOfTheLossOnImageTokensAreThoseOfTheLoss() {
        compareGradients(
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 0, 0, 0, 0, 0, 5, 0, Reading.WITH_PICTURE),
                List.of(
                        "model.mm_projector.0.weight",
                        "model.mm_projector.2.bias",
                        "model.final_layernorm.weight",
                        "model.layers.1.mlp.fc1.weight",
                        "model.vision_tower.patch_embed.proj.weight",
                        "SEG_token_projector.weight"));
    }

    /** Where something is can only be read off the image tokens: the pixel decoder has no part in it. */
    @Test
    void gradientsOfTheLossOnPlacesAreThoseOfTheLossAndLeaveTheMaskFeaturesOut() {
        TrainingSettings settings =
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 0, 0, 0, 0, 0, 0, 5, Reading.WITH_PICTURE);
        compareGradients(
                settings,
                List.of(
                        "seg_query",
                        "seg_query_projector.weight",
                        "model.layers.0.self_attn.query_key_value.weight",
                        "model.layers.2.mlp.fc1.weight",
                        "model.mm_projector.0.weight",
                        "model.embed_tokens.weight",
                        "model.vision_tower.patch_embed.proj.weight"));
        assertThatAStepLeaves(settings, "pixel_decoder.", "predictor.", "SEG_token_projector.");
    }

    /** Prompts that stand alone see no picture, and the image tokens learn all the same. */
    @Test
    void gradientsOfPromptsAloneAreThoseOfTheLossAndLeaveTheDecoderOut() {
        TrainingSettings settings = new TrainingSettings(
                        0.9, 0.98, 0, 1e30, 0.9, 5, 5, 2, 0.5, 5, 5, 5, Reading.WITH_PICTURE)
                .pointing(Reading.PROMPT);
        compareGradients(
                settings,
                List.of(
                        "seg_query",
                        "model.embed_tokens.weight",
                        "model.layers.1.self_attn.query_key_value.weight",
                        "model.final_layernorm.bias",
                        "model.mm_projector.0.weight",
                        "pixel_decoder.mask_features.weight"));
        assertThatAStepLeaves(settings, "predictor.");
    }

    private static void assertThatAStepLeaves(TrainingSettings settings, String... prefixes) {
        try (Trainer trainer = trainer(settings)) {
            trainer.step(List.of(picture(1)), 1e-3);
            Map<String, float[]> state = trainer.state(0).values();
            for (String prefix : prefixes) {
                List<String> left = state.keySet().stream()
                        .filter(name -> name.startsWith(TrainingState.FIRST + prefix))
                        .toList();
                assertThat(left).as(prefix).isNotEmpty();
                left.forEach(name -> assertThat(state.get(name)).as(name).containsOnly(0f));
            }
        }
    }

    /** Words meet the pixels on the shortest way: the LLM's layers and the mask tokens stay as they are. */
    @Test
    void gradientsOfWordsAreThoseOfTheLossAndLeaveTheLlmOut() {
        TrainingSettings settings = new TrainingSettings(
                        0.9, 0.98, 0, 1e30, 0.9, 5, 5, 2, 0.5, 5, 5, 5, Reading.WITH_PICTURE)
                .pointing(Reading.WORDS);
        compareGradients(
                settings,
                List.of(
                        "model.embed_tokens.weight",
                        "model.final_layernorm.weight",
                        "SEG_token_projector.weight",
                        "model.mm_projector.0.weight",
                        "pixel_decoder.mask_features.weight"));
        assertThatAStepLeaves(settings, "model.layers.", "seg_query", "predictor.");
    }

    @Test
    void gradientsOfTheLastDecoderLayerAreThoseOfTheLoss() {
        compareGradients(
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 5, 5, 2, 0.5, 0, 0, 0, Reading.WITH_PICTURE),
                List.of(
                        "predictor.transformer_cross_attention_layers.2.multihead_attn.in_proj_weight",
                        "predictor.transformer_self_attention_layers.2.self_attn.in_proj_weight",
                        "predictor.transformer_ffn_layers.2.linear1.weight",
                        "predictor.SEG_proj.layers.1.weight"));
    }

    /** @param settings under which nothing moves and nothing is clipped, so that the first moment is a tenth of the gradient */
    private static void compareGradients(TrainingSettings settings, List<String> names) {
        List<TrainingPicture> batch = List.of(picture(1), picture(2));
        try (Trainer trainer = trainer(settings)) {
            TrainingState before = trainer.state(0);
            trainer.step(batch, 0);
            TrainingState after = trainer.state(0);
            for (String name : names) {
                float[] moment = after.values().get(TrainingState.FIRST + name);
                int at = largest(moment);
                double gradient = moment[at] / (1 - settings.beta1());
                assertThat(gradient).as(name).isNotZero();
                double step = 5e-3 / Math.max(1, Math.abs(gradient));
                double slope =
                        (loss(trainer, before, name, at, step, batch) - loss(trainer, before, name, at, -step, batch))
                                / (2 * step);
                assertThat(slope).as(name).isCloseTo(gradient, within(0.05 * Math.abs(gradient)));
            }
        }
    }

    private static double loss(
            Trainer trainer, TrainingState state, String name, int at, double change, List<TrainingPicture> batch) {
        Map<String, float[]> values = new LinkedHashMap<>(state.values());
        float[] moved = values.get(TrainingState.WEIGHT + name).clone();
        moved[at] += (float) change;
        values.put(TrainingState.WEIGHT + name, moved);
        trainer.restore(new TrainingState(0, 0, values));
        return trainer.step(batch, 0).total();
    }

    private static int largest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (Math.abs(values[i]) > Math.abs(values[best])) {
                best = i;
            }
        }
        return best;
    }

    /** Alone a picture's keys are expanded, with others they are gathered: a prompt must get those of its own picture. */
    @Test
    void picturesThatLearnTogetherLoseWhatEachLosesAlone() {
        TrainingSettings settings =
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 5, 5, 2, 0.5, 5, 5, 5, Reading.WITH_PICTURE);
        try (Trainer trainer = trainer(settings)) {
            double first = trainer.step(List.of(picture(1)), 0).total();
            double second = trainer.step(List.of(picture(2)), 0).total();
            double together = trainer.step(List.of(picture(1), picture(2)), 0).total();

            assertThat(Math.abs(first - second)).isGreaterThan(1e-2);
            assertThat(together).isCloseTo((first + second) / 2, within(1e-3));
        }
    }

    /** Prompts of different lengths are padded, and each of their mask tokens has the target of its own prompt. */
    @ParameterizedTest
    @EnumSource(Reading.class)
    void promptsThatLearnTogetherLoseWhatEachLosesAlone(Reading reading) {
        TrainingSettings settings = new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 0, 0, 0, 0, 5, 5, 5, reading);
        TrainingPicture all = picture(1);
        try (Trainer trainer = trainer(settings)) {
            double sum = 0;
            double ownTokens = 0;
            for (int i = 0; i < all.targets().size(); i++) {
                StepResult one = trainer.step(
                        List.of(new TrainingPicture(
                                new PicturePrompts(
                                        all.picture().image(),
                                        List.of(all.picture().prompts().get(i))),
                                List.of(all.targets().get(i)))),
                        0);
                sum += one.total();
                ownTokens += one.maskTokens();
            }
            StepResult together = trainer.step(List.of(all), 0);

            assertThat(together.total()).isCloseTo(sum / 3, within(1e-3));
            assertThat(together.maskTokens()).isCloseTo(ownTokens / 3, within(1e-4));
            assertThat(together.maskTokens() > 0).isEqualTo(reading != Reading.WORDS);
        }
    }

    /** The first step of AdamW moves every weight by the rate, whatever its gradient. */
    @Test
    void aMatrixOfManyInputsLearnsSlower() {
        ModelConfig.Llm llm = CONFIG.llm();
        ModelConfig wide = new ModelConfig(
                CONFIG.image(),
                CONFIG.swin(),
                CONFIG.visualTokens(),
                new ModelConfig.Llm(
                        llm.hidden(),
                        1024,
                        llm.layers(),
                        llm.heads(),
                        llm.rotaryDim(),
                        llm.vocab(),
                        llm.layerNormEps(),
                        llm.ropeTheta(),
                        llm.maxPositions()),
                CONFIG.pixelDecoder(),
                CONFIG.maskDecoder(),
                CONFIG.specialTokens());
        TrainingSettings settings =
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 0, 0, 0, 0, 5, 5, 5, Reading.WITH_PICTURE);
        try (Trainer trainer = Trainer.open(
                wide, RandomWeights.of(wide, 3), dense(), Optional.empty(), Trainable.ALL, "cpu", 1, settings)) {
            TrainingState before = trainer.state(0);
            trainer.step(List.of(picture(1)), 1e-3);
            TrainingState after = trainer.state(0);

            assertThat(farthest(before, after, "model.layers.0.mlp.fc1.weight")).isCloseTo(1e-3f, within(2e-5f));
            assertThat(farthest(before, after, "model.layers.0.mlp.fc2.weight")).isCloseTo(2.5e-4f, within(2e-5f));
        }
    }

    private static float farthest(TrainingState before, TrainingState after, String name) {
        float[] from = before.values().get(TrainingState.WEIGHT + name);
        float[] to = after.values().get(TrainingState.WEIGHT + name);
        float most = 0;
        for (int i = 0; i < from.length; i++) {
            most = Math.max(most, Math.abs(to[i] - from[i]));
        }
        return most;
    }

    /** There are no others that its score could be weighed against. */
    @Test
    void aModelOfOneMaskTokenLearns() {
        ModelConfig.MaskDecoder decoder = CONFIG.maskDecoder();
        ModelConfig one = new ModelConfig(
                CONFIG.image(),
                CONFIG.swin(),
                CONFIG.visualTokens(),
                CONFIG.llm(),
                CONFIG.pixelDecoder(),
                new ModelConfig.MaskDecoder(decoder.dim(), decoder.heads(), decoder.layers(), decoder.ffn(), 1),
                CONFIG.specialTokens());
        try (Trainer trainer = Trainer.open(
                one,
                RandomWeights.of(one, 3),
                dense(),
                Optional.empty(),
                Trainable.ALL,
                "cpu",
                1,
                TrainingSettings.DEFAULT)) {
            TrainingState before = trainer.state(0);
            StepResult step = trainer.step(List.of(picture(1)), 1e-3);

            assertThat(step.score()).isPositive().isFinite();
            assertThat(step.total()).isFinite();
            assertThat(farthest(before, trainer.state(0), "predictor.SEG_proj.layers.1.weight"))
                    .isPositive();
        }
    }

    @Test
    void theMaskLossGoesFromTheMatchedQueryToAllAlike() {
        double matched = maskLoss(0);
        double half = maskLoss(0.5);
        double all = maskLoss(1);

        // What costs least is matched, so the mean over all costs more.
        assertThat(all).isGreaterThan(matched + 1e-3);
        assertThat(half).isCloseTo((matched + all) / 2, within(1e-4 * all));
    }

    private static double maskLoss(double everyQuery) {
        try (Trainer trainer = trainer(
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 5, 5, 0, everyQuery, 0, 0, 0, Reading.WITH_PICTURE))) {
            return trainer.step(List.of(picture(1)), 0).total();
        }
    }

    /** The prefix stays as the plan routes it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void maskTokensJoinWhereTheStepHasThem(boolean routed) {
        TrainingSettings settings =
                new TrainingSettings(0.9, 0.98, 0, 1e30, 0.9, 5, 5, 2, 0.5, 5, 5, 5, Reading.WITH_PICTURE);
        List<Double> losses = new ArrayList<>();
        try (Trainer trainer = trainer(settings, routed, 1)) {
            for (int layer = 0; layer <= CONFIG.llm().layers(); layer++) {
                double there = trainer.step(List.of(picture(1)), 0, layer).total();
                try (Trainer scheduled = trainer(settings, routed, layer)) {
                    assertThat(there)
                            .isEqualTo(scheduled.step(List.of(picture(1)), 0).total());
                }
                losses.add(there);
            }
        }
        assertThat(losses).doesNotHaveDuplicates();
    }

    private static Trainer trainer(TrainingSettings settings, boolean routed, int maskTokenLayer) {
        RoutingSchedule schedule = routed(maskTokenLayer, routed ? 2 : 1);
        int side = CONFIG.imageTokenSide();
        return Trainer.open(
                CONFIG,
                RandomWeights.of(CONFIG, 3),
                RoutingPlan.of(schedule, CONFIG, side, side),
                routed ? Optional.of(RandomProjectors.of(schedule, CONFIG.llm(), 5)) : Optional.empty(),
                Trainable.ALL,
                "cpu",
                1,
                settings);
    }

    private static RoutingSchedule routed(int maskTokenLayer, int stride) {
        return RoutingScheduleReader.parse(
                """
                {"format": 1, "mask_token_layer": %d, "image_tokens": {"proxies": {"kind": "grid", "stride": %d},
                 "layers": "all", "projector": {"kind": "linear", "rank": 4}}}
                """
                        .formatted(maskTokenLayer, stride),
                "test");
    }

    @Test
    void learnsAPictureByHeart() {
        TrainingSettings settings =
                new TrainingSettings(0.9, 0.98, 0, 1, 0.5, 5, 5, 2, 0.5, 5, 0, 0, Reading.WITH_PICTURE);
        TrainingPicture picture = picture(1);
        try (Trainer trainer = trainer(settings)) {
            StepResult first = trainer.step(List.of(picture), 2e-3);
            StepResult last = first;
            for (int i = 0; i < 60; i++) {
                last = trainer.step(List.of(picture), 2e-3);
            }
            assertThat(last.total()).isLessThan(first.total() / 3);
            assertThat(last.dice()).isLessThan(0.15);
            var answers = trainer.segment(List.of(picture.picture())).get(0);
            float there = answers.get(0).masks().get(0).score();
            float absent = answers.get(2).masks().get(0).score();
            assertThat(there).isGreaterThan(absent);
        } catch (io.maskroute.core.error.RowFailure e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void goesOnBitForBit(@TempDir Path folder) throws Exception {
        List<TrainingPicture> data = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            data.add(picture(i));
        }
        TrainingState through;
        Path file = folder.resolve("state.safetensors");
        try (Trainer trainer = trainer(TrainingSettings.DEFAULT)) {
            trainer.step(data.subList(0, 2), 1e-3);
            trainer.step(data.subList(1, 3), 1e-3);
            trainer.state(7).write(file);
            trainer.step(data.subList(2, 4), 1e-3);
            through = trainer.state(8);
        }
        try (Trainer trainer = trainer(TrainingSettings.DEFAULT);
                TensorSource stored = Safetensors.open(file)) {
            TrainingState state = TrainingState.read(stored);
            assertThat(state.rows()).isEqualTo(7);
            trainer.restore(state);
            assertThat(trainer.steps()).isEqualTo(2);
            trainer.step(data.subList(2, 4), 1e-3);
            TrainingState again = trainer.state(8);
            assertThat(again.values().keySet()).isEqualTo(through.values().keySet());
            through.values()
                    .forEach((name, values) ->
                            assertThat(again.values().get(name)).as(name).isEqualTo(values));
        }
    }

    @Test
    void anotherModelsStateIsRefused() {
        try (Trainer trainer = trainer(TrainingSettings.DEFAULT)) {
            assertThatThrownBy(() -> trainer.restore(new TrainingState(1, 1, Map.of())))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("another model");
        }
    }

    @Test
    void adapterTrainingLeavesTheModelAlone() {
        RoutingSchedule schedule = routed(2, 2);
        int side = CONFIG.imageTokenSide();
        try (TensorSource projectors = RandomProjectors.of(schedule, CONFIG.llm(), 5);
                Trainer trainer = Trainer.open(
                        CONFIG,
                        RandomWeights.of(CONFIG, 3),
                        RoutingPlan.of(schedule, CONFIG, side, side),
                        Optional.of(projectors),
                        Trainable.ADAPTER,
                        "cpu",
                        1,
                        TrainingSettings.DEFAULT)) {
            float[] before = trainer.state(0).averages().get(AdapterSpec.up(0));
            trainer.step(List.of(picture(1)), 1e-3);
            Map<String, float[]> after = trainer.state(0).averages();
            assertThat(after.keySet())
                    .isEqualTo(AdapterSpec.expected(schedule, CONFIG.llm()).keySet());
            assertThat(after.get(AdapterSpec.up(0))).isNotEqualTo(before);
        }
    }

    @Test
    void withoutProjectorsThereIsNoAdapterToTrain() {
        assertThatThrownBy(() -> Trainer.open(
                        CONFIG,
                        RandomWeights.of(CONFIG, 3),
                        dense(),
                        Optional.empty(),
                        Trainable.ADAPTER,
                        "cpu",
                        1,
                        TrainingSettings.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter");
    }
}
