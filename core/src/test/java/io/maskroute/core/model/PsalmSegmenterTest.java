package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.checkpoint.ModelConfigJson;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingScheduleWriter;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.task.ReferringTask;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PsalmSegmenterTest {
    private static final Path TOKENIZER = Path.of("..", "models", "tiny", "tokenizer.json");
    private static final List<String> TEXTS = List.of(
            "the red cup",
            "second bottle from the right next to the tall man in a blue jacket",
            "dog",
            "the woman with an umbrella",
            "a small green square below the circle");

    @TempDir
    Path temp;

    @ParameterizedTest
    @EnumSource(VisionProjector.Kind.class)
    void everyPromptGetsAMaskOfThePicturesSize(VisionProjector.Kind kind) throws Exception {
        int stage = kind == VisionProjector.Kind.SWIN_CONV ? 5 : 4;
        Path folder = model(TinyModel.config(new VisionProjector(kind, stage, 24)));
        try (PsalmSegmenter segmenter =
                PsalmSegmenter.open(folder, SegmenterOptions.builder().build())) {
            List<Segmentation> results = segmenter.segment(image(segmenter), prompts(segmenter));
            assertThat(results).hasSize(TEXTS.size());
            for (Segmentation result : results) {
                assertThat(result.masks()).hasSize(1);
                assertThat(result.masks().get(0).mask().height()).isEqualTo(75);
                assertThat(result.masks().get(0).mask().width()).isEqualTo(110);
                assertThat(result.masks().get(0).score()).isBetween(0f, 1f);
                assertThat(result.flops().llm()).isLessThan(result.flops().llmDense());
            }
            assertThat(segmenter.info().modelFingerprint()).matches("[0-9a-f]{64}");
            assertThat(segmenter.info().routingFingerprint()).isEqualTo("dense");
        }
    }

    /** The model's own least score, and another in its place. */
    @Test
    void aPromptWhoseBestMaskScoresTooLittleHasNoMask() throws Exception {
        ModelConfig config = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));
        Path folder = model(config);
        List<Segmentation> best = answers(folder, SegmenterOptions.builder());
        double[] scores = best.stream()
                .mapToDouble(answer -> answer.masks().get(0).score())
                .sorted()
                .toArray();
        double between = (scores[1] + scores[2]) / 2;
        assertThat(between).isGreaterThan(scores[1]).isLessThan(scores[2]);

        List<Segmentation> careful = answers(folder, SegmenterOptions.builder().setMinScore(between));
        ModelConfigJson.write(folder.resolve("config.json"), config.withMinScore(between));
        List<Segmentation> own = answers(folder, SegmenterOptions.builder());
        List<Segmentation> overridden =
                answers(folder, SegmenterOptions.builder().setMinScore(0));

        for (int i = 0; i < best.size(); i++) {
            float score = best.get(i).masks().get(0).score();
            assertThat(careful.get(i).masks()).hasSize(score < between ? 0 : 1);
            assertThat(own.get(i).masks()).hasSize(score < between ? 0 : 1);
            assertThat(own.get(i).tokens()).isEqualTo(best.get(i).tokens());
            assertThat(own.get(i).flops()).isEqualTo(best.get(i).flops());
            assertThat(overridden.get(i).masks().get(0).mask().columnMajor())
                    .isEqualTo(best.get(i).masks().get(0).mask().columnMajor());
        }
        // Equal to the least is enough.
        assertThat(answers(folder, SegmenterOptions.builder().setMinScore(scores[0])))
                .allMatch(answer -> answer.masks().size() == 1);
    }

    /** A word of one prompt alone whose embedding is not a number. */
    @Test
    void onlyAPromptWithNumbersThatAreNotFiniteFails() throws Exception {
        Path folder = model(TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0)));
        PreparedImage image;
        List<PreparedPrompt> prompts;
        List<Segmentation> expected;
        try (PsalmSegmenter segmenter =
                PsalmSegmenter.open(folder, SegmenterOptions.builder().build())) {
            image = image(segmenter);
            prompts = prompts(segmenter);
            expected = new ArrayList<>(segmenter.segment(image, prompts));
        }
        PreparedPrompt broken = prompts.get(2);
        List<PreparedPrompt> sound = new ArrayList<>(prompts);
        sound.remove(broken);
        int word = Arrays.stream(broken.own())
                .filter(id -> sound.stream()
                        .noneMatch(prompt -> Arrays.stream(prompt.own()).anyMatch(other -> other == id)))
                .findFirst()
                .orElseThrow();
        // Finite, as weights must be, but their sum is not.
        for (int channel = 0; channel < 4; channel++) {
            TinyModel.overwrite(folder, "model.embed_tokens.weight", 64 * word + channel, Float.MAX_VALUE);
        }

        try (PsalmSegmenter segmenter =
                PsalmSegmenter.open(folder, SegmenterOptions.builder().build())) {
            for (List<PreparedPrompt> together : List.of(List.of(broken), prompts)) {
                assertThatThrownBy(() -> segmenter.segment(image, together))
                        .isInstanceOfSatisfying(RowFailure.class, failure -> {
                            assertThat(failure.stage()).isEqualTo(Stage.POSTPROCESS);
                            assertThat(failure.kind()).isEqualTo("not-finite");
                        });
            }
            List<Segmentation> others = segmenter.segment(image, sound);
            expected.remove(2);
            for (int i = 0; i < others.size(); i++) {
                assertThat(others.get(i).masks().get(0).mask().columnMajor())
                        .isEqualTo(expected.get(i).masks().get(0).mask().columnMajor());
            }
        }
    }

    private static List<Segmentation> answers(Path folder, SegmenterOptions.Builder options) throws Exception {
        try (PsalmSegmenter segmenter = PsalmSegmenter.open(folder, options.build())) {
            return segmenter.segment(image(segmenter), prompts(segmenter));
        }
    }

    /**
     * Neither the number of prompts, their order, nor how they are batched may change a mask. Padding and batching change the
     * order of sums inside matrix products, so scores agree to rounding, and a pixel may flip only where its logit is that close
     * to zero; none does here.
     */
    @ParameterizedTest
    @EnumSource(Schedule.class)
    void sharingAndBatchingChangeNothing(Schedule schedule) throws Exception {
        Path folder = model(TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0)));
        Path routing = schedule.write(temp);
        List<Segmentation> alone = new ArrayList<>();
        try (PsalmSegmenter segmenter = PsalmSegmenter.open(
                folder, SegmenterOptions.builder().setRouting(routing).build())) {
            for (PreparedPrompt prompt : prompts(segmenter)) {
                alone.addAll(segmenter.segment(image(segmenter), List.of(prompt)));
            }
        }
        Random random = new Random(11);
        for (int batch : new int[] {1, 2, 3, 16}) {
            try (PsalmSegmenter segmenter = PsalmSegmenter.open(
                    folder,
                    SegmenterOptions.builder()
                            .setRouting(routing)
                            .setPromptBatch(batch)
                            .build())) {
                List<Integer> order =
                        new ArrayList<>(IntStream.range(0, TEXTS.size()).boxed().toList());
                java.util.Collections.shuffle(order, random);
                List<PreparedPrompt> prompts = prompts(segmenter);
                List<Segmentation> together = segmenter.segment(
                        image(segmenter), order.stream().map(prompts::get).toList());
                for (int i = 0; i < order.size(); i++) {
                    Segmentation expected = alone.get(order.get(i));
                    Segmentation actual = together.get(i);
                    assertThat(actual.masks().get(0).score())
                            .isCloseTo(expected.masks().get(0).score(), within(1e-6f));
                    assertThat(actual.masks().get(0).mask().columnMajor())
                            .isEqualTo(expected.masks().get(0).mask().columnMajor());
                    assertThat(actual.flops().llmDense())
                            .isEqualTo(expected.flops().llmDense());
                }
            }
        }
    }

    /** Pictures of other contents and sizes in the same call change nothing either, whatever the batches of prompts cut through. */
    @ParameterizedTest
    @EnumSource(Schedule.class)
    void picturesTogetherGiveWhatTheyGiveAlone(Schedule schedule) throws Exception {
        Path folder = model(TinyModel.config(new VisionProjector(VisionProjector.Kind.SWIN_CONV, 4, 24)));
        // Three prompts divide the pictures; of 16 all run together, though they have five, two and one.
        for (int promptBatch : new int[] {3, 16}) {
            picturesTogetherGiveWhatTheyGiveAlone(folder, schedule, promptBatch);
        }
    }

    private void picturesTogetherGiveWhatTheyGiveAlone(Path folder, Schedule schedule, int promptBatch)
            throws Exception {
        try (PsalmSegmenter segmenter = PsalmSegmenter.open(
                folder,
                SegmenterOptions.builder()
                        .setRouting(schedule.write(temp))
                        .setPromptBatch(promptBatch)
                        .build())) {
            List<PreparedPrompt> prompts = prompts(segmenter);
            List<PicturePrompts> pictures = List.of(
                    new PicturePrompts(image(segmenter, 75, 110, 3), prompts),
                    new PicturePrompts(image(segmenter, 64, 40, 4), prompts.subList(1, 3)),
                    new PicturePrompts(image(segmenter, 130, 131, 5), prompts.subList(4, 5)));
            List<List<Segmentation>> together = segmenter.segment(pictures);
            for (int i = 0; i < pictures.size(); i++) {
                PicturePrompts picture = pictures.get(i);
                List<Segmentation> alone = segmenter.segment(picture.image(), picture.prompts());
                assertThat(together.get(i)).hasSameSizeAs(alone);
                for (int p = 0; p < alone.size(); p++) {
                    assertThat(together.get(i).get(p).masks().get(0).mask().columnMajor())
                            .isEqualTo(alone.get(p).masks().get(0).mask().columnMajor());
                    assertThat(together.get(i).get(p).masks().get(0).score())
                            .isCloseTo(alone.get(p).masks().get(0).score(), within(1e-6f));
                    assertThat(together.get(i).get(p).flops())
                            .isEqualTo(alone.get(p).flops());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Criterion.class)
    void droppingNoImageTokenChangesNoMask(Criterion criterion) throws Exception {
        Path folder = model(TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0)));
        RoutingSchedule everything = RoutingSchedule.dropping(new ImageTokenDropping(criterion, 2, 64, 0));
        RoutingScheduleWriter.write(everything, temp.resolve("everything.json"));
        List<Segmentation> dense = run(folder, SegmenterOptions.builder().build());
        List<Segmentation> kept = run(
                folder,
                SegmenterOptions.builder()
                        .setRouting(temp.resolve("everything.json"))
                        .build());
        for (int i = 0; i < dense.size(); i++) {
            assertThat(kept.get(i).masks().get(0).score())
                    .isCloseTo(dense.get(i).masks().get(0).score(), within(1e-6f));
            assertThat(kept.get(i).masks().get(0).mask().columnMajor())
                    .isEqualTo(dense.get(i).masks().get(0).mask().columnMajor());
            assertThat(kept.get(i).tokens()).isEqualTo(dense.get(i).tokens());
        }
    }

    /** What a call takes from native memory it gives back: a leaked key-value cache alone would be 130 kB a call. */
    @Test
    void aThousandPredictionsLeaveMemoryFlat() throws Exception {
        Path folder = model(TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0)));
        try (PsalmSegmenter segmenter = PsalmSegmenter.open(
                folder, SegmenterOptions.builder().setThreads(1).build())) {
            PreparedImage image = image(segmenter);
            List<PreparedPrompt> prompts = prompts(segmenter);
            int calls = 1000 / prompts.size();
            for (int i = 0; i < 60; i++) {
                segmenter.segment(image, prompts);
            }
            long before = ResidentMemory.kilobytes();
            for (int i = 0; i < calls; i++) {
                segmenter.segment(image, prompts);
            }
            assertThat(ResidentMemory.kilobytes()).isLessThan(before + before / 20);
        }
    }

    enum Schedule {
        DENSE(null),
        ROUTED(
                """
                {"format": 1, "mask_token_layer": 2, "image_tokens": {"proxies": {"kind": "grid", "stride": 2},
                 "layers": "all", "projector": {"kind": "linear", "rank": 4}}}
                """),
        DROPPED_BY_ATTENTION(
                """
                {"format": 1, "drop_image_tokens": {"criterion": "attention", "after_layer": 2, "keep": 9}}
                """),
        DROPPED_BY_THE_PICTURES_ATTENTION(
                """
                {"format": 1, "drop_image_tokens": {"criterion": "picture_attention", "after_layer": 2, "keep": 9}}
                """),
        DROPPED_AT_RANDOM(
                """
                {"format": 1, "drop_image_tokens": {"criterion": "random", "after_layer": 1, "keep": 9, "seed": 5}}
                """);

        private final String json;

        Schedule(String json) {
            this.json = json;
        }

        Path write(Path folder) throws java.io.IOException {
            return json == null ? null : Files.writeString(folder.resolve("routing.json"), json);
        }
    }

    @Test
    void bf16FindsTheSameMask() throws Exception {
        Path folder = model(TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0)));
        List<Segmentation> exact = run(folder, SegmenterOptions.builder().build());
        List<Segmentation> rounded = run(
                folder,
                SegmenterOptions.builder().setDtype(SegmenterOptions.Dtype.BF16).build());
        for (int i = 0; i < exact.size(); i++) {
            // bf16 keeps 8 bits; over this depth scores move by a few units of 2^-8.
            assertThat(rounded.get(i).masks().get(0).score())
                    .isCloseTo(exact.get(i).masks().get(0).score(), within(0.02f));
        }
    }

    private static List<Segmentation> run(Path folder, SegmenterOptions options) throws Exception {
        try (PsalmSegmenter segmenter = PsalmSegmenter.open(folder, options)) {
            return segmenter.segment(image(segmenter), prompts(segmenter));
        }
    }

    private Path model(ModelConfig config) throws Exception {
        return TinyModel.write(temp.resolve("model"), config, TOKENIZER);
    }

    private static PreparedImage image(PsalmSegmenter segmenter) {
        return image(segmenter, 75, 110, 3);
    }

    private static PreparedImage image(PsalmSegmenter segmenter, int height, int width, int seed) {
        byte[] rgb = new byte[height * width * 3];
        new Random(seed).nextBytes(rgb);
        return segmenter.prepare(new RgbImage(height, width, rgb));
    }

    private static List<PreparedPrompt> prompts(PsalmSegmenter segmenter) throws Exception {
        PreparedImage any = image(segmenter);
        List<PreparedPrompt> prompts = new ArrayList<>();
        for (String text : TEXTS) {
            prompts.add(segmenter.prepare(new ReferringTask(List.of(text)), any));
        }
        return prompts;
    }
}
