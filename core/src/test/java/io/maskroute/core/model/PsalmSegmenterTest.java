package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.ModelConfig.VisionProjector;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.ReferringPrompt;
import io.maskroute.core.segmenter.Segmentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    enum Schedule {
        DENSE(null),
        ROUTED(
                """
                {"format": 1, "mask_token_layer": 2, "image_tokens": {"proxies": {"kind": "grid", "stride": 2},
                 "layers": "all", "projector": {"kind": "linear", "rank": 4}}}
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
        List<Segmentation> exact = run(folder, SegmenterOptions.Dtype.FP32);
        List<Segmentation> rounded = run(folder, SegmenterOptions.Dtype.BF16);
        for (int i = 0; i < exact.size(); i++) {
            // bf16 keeps 8 bits; over this depth scores move by a few units of 2^-8.
            assertThat(rounded.get(i).masks().get(0).score())
                    .isCloseTo(exact.get(i).masks().get(0).score(), within(0.02f));
        }
    }

    private List<Segmentation> run(Path folder, SegmenterOptions.Dtype dtype) throws Exception {
        try (PsalmSegmenter segmenter = PsalmSegmenter.open(
                folder, SegmenterOptions.builder().setDtype(dtype).build())) {
            return segmenter.segment(image(segmenter), prompts(segmenter));
        }
    }

    private Path model(ModelConfig config) throws Exception {
        return TinyModel.write(temp.resolve("model"), config, TOKENIZER);
    }

    private static PreparedImage image(PsalmSegmenter segmenter) throws Exception {
        byte[] rgb = new byte[75 * 110 * 3];
        new Random(3).nextBytes(rgb);
        return segmenter.prepare(new RgbImage(75, 110, rgb));
    }

    private static List<PreparedPrompt> prompts(PsalmSegmenter segmenter) throws Exception {
        List<PreparedPrompt> prompts = new ArrayList<>();
        for (String text : TEXTS) {
            prompts.add(segmenter.prepare(new ReferringPrompt(List.of(text))));
        }
        return prompts;
    }
}
