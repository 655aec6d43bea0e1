package io.maskroute.core.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.model.ForwardPass;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.task.Category;
import io.maskroute.core.task.InstanceTask;
import io.maskroute.core.task.PanopticTask;
import io.maskroute.core.task.ScoredMask;
import io.maskroute.core.task.SemanticTask;
import io.maskroute.core.task.Task;
import io.maskroute.core.testing.Fixtures;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What production returns for the prompts and pictures of the golden fixtures, from the picture's pixels to masks with scores: alone, and
 * beside another picture's prompts.
 */
class ProductionFixturesTest {
    private static final float SCORE = 1e-5f;
    /** Share of pixels that may flip where a logit is that close to zero. */
    private static final double FLIPPED = 1e-4;

    private static TorchProgram program;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(1);
    }

    @AfterAll
    static void close() {
        program.close();
    }

    private interface Check {
        void of(FixtureConfig fixture, PreparedPrompt prompt, List<ScoredMask> answer, TensorSource expected);
    }

    /** Runs a fixture's prompt alone, and in three places of a call with another picture. */
    private static void run(String name, RoutingSchedule schedule, Optional<TensorSource> projectors, Check check)
            throws RowFailure {
        Path folder = Fixtures.path(name);
        FixtureConfig fixture = FixtureConfig.read(folder.resolve("config.json"));
        int side = fixture.model().imageTokenSide();
        RoutingPlan plan = RoutingPlan.of(schedule, fixture.model(), side, side);
        try (TensorSource weights = Safetensors.open(folder.resolve("weights.safetensors"));
                TensorSource inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
                TensorSource expected = Safetensors.open(folder.resolve("expected.safetensors"));
                PsalmNetwork network =
                        new PsalmNetwork(program, fixture.model(), weights, TorchType.FLOAT32, plan, projectors)) {
            PreparedImage picture = picture(fixture, inputs);
            byte[] other = picture.pixels().clone();
            for (int i = 0; i < other.length; i++) {
                other[i] = (byte) (other[i] * 7 + 30);
            }
            byte[] stretched = picture.stretched().clone();
            for (int i = 0; i < stretched.length; i++) {
                stretched[i] = (byte) (stretched[i] * 5 + 11);
            }
            PreparedImage second = new PreparedImage(
                    other, picture.size(), picture.size(), picture.size(), picture.size(), picture.size(), stretched);
            PreparedPrompt prompt = FixturePrompt.of(fixture, inputs).prompt();
            ForwardPass pass = new ForwardPass(
                    network, network.llm(), FlopsModel.asRun(fixture.model(), plan, projectors.isPresent()), 3);

            check.of(
                    fixture,
                    prompt,
                    answers(pass, picture, List.of(prompt)).get(0).masks(),
                    expected);
            List<PreparedPrompt> many = Collections.nCopies(4, prompt);
            List<List<Segmentation>> together = pass.segment(List.of(
                    new PicturePrompts(second, many),
                    new PicturePrompts(picture, List.of(prompt, prompt)),
                    new PicturePrompts(second, List.of(prompt))));
            for (Segmentation answer : together.get(1)) {
                check.of(fixture, prompt, answer.masks(), expected);
            }
        }
    }

    private static List<Segmentation> answers(ForwardPass pass, PreparedImage picture, List<PreparedPrompt> prompts)
            throws RowFailure {
        return pass.segment(List.of(new PicturePrompts(picture, prompts))).get(0);
    }

    private static PreparedImage picture(FixtureConfig fixture, TensorSource inputs) {
        long[] samples = inputs.longs("image_u8_hwc_rgb");
        byte[] rgb = new byte[samples.length];
        IntStream.range(0, rgb.length).forEach(i -> rgb[i] = (byte) samples[i]);
        return new ImagePreprocessor(fixture.model())
                .prepare(new RgbImage(fixture.imageHeight(), fixture.imageWidth(), rgb));
    }

    private static PreparedPrompt as(Task task, PreparedPrompt prompt) {
        return new PreparedPrompt(
                task, prompt.prefix(), prompt.text(), prompt.latents(), prompt.conditions(), prompt.regions());
    }

    /** @param offset of the expected mask among those that lie behind each other */
    private static void requireMask(BinaryMask mask, long[] expected, int offset) {
        int flipped = 0;
        int pixels = mask.height() * mask.width();
        for (int p = 0; p < pixels; p++) {
            boolean wanted = expected[offset * pixels + p] != 0;
            flipped += mask.at(p / mask.width(), p % mask.width()) == wanted ? 0 : 1;
        }
        assertThat((double) flipped / pixels).isLessThanOrEqualTo(FLIPPED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "public-A-referring",
                "public-D-padded-oddwindow",
                "public-E-sixteen-tokens",
                "hyperseg/public-HA-referring",
                "hyperseg/public-HB-referring-wide"
            })
    void theBestMaskOfAnExpression(String name) throws Exception {
        run(name, RoutingSchedule.dense(), Optional.empty(), (fixture, prompt, answer, expected) -> {
            float[] scores = expected.floats("result.scores");
            int best = IntStream.range(0, scores.length)
                    .boxed()
                    .max(Comparator.comparing(i -> scores[i]))
                    .orElseThrow();
            assertThat(answer).hasSize(1);
            assertThat(answer.get(0).score()).isCloseTo(scores[best], within(SCORE));
            requireMask(answer.get(0).mask(), expected.longs("result.pred_masks"), best);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"public-R0-dense-equivalence", "public-R2-trained-projector"})
    void theBestScoreOfARoutedRun(String name) throws Exception {
        RoutedFixture routed = RoutedFixture.read(Path.of("src/test/resources/fixtures/routed/" + name));
        try (TensorSource projectors = Safetensors.open(routed.projectorFile());
                TensorSource end = Safetensors.open(routed.folder().resolve("end_to_end.safetensors"))) {
            Optional<TensorSource> adapter = routed.projectorTensors().isEmpty()
                    ? Optional.empty()
                    : Optional.of(new RenamedTensors(projectors, routed.projectorTensors()));
            run(
                    "public-E-sixteen-tokens",
                    routed.schedule(),
                    adapter,
                    (fixture, prompt, answer, expected) -> assertThat(
                                    answer.get(0).score())
                            .isCloseTo(end.floats("result.scores_sorted")[0], within(SCORE)));
        }
    }

    @Test
    void theBestMaskOfEachRegion() throws Exception {
        run("public-C-region", RoutingSchedule.dense(), Optional.empty(), (fixture, prompt, found, expected) -> {
            float[] scores = expected.floats("result.scores");
            int regions = prompt.conditions().size();
            assertThat(found).hasSize(regions);
            for (ScoredMask mask : found) {
                int best = IntStream.range(0, scores.length / regions)
                        .boxed()
                        .max(Comparator.comparing(q -> scores[q * regions + mask.region()]))
                        .orElseThrow();
                assertThat(mask.score()).isCloseTo(scores[best * regions + mask.region()], within(SCORE));
                requireMask(mask.mask(), expected.longs("result.pred_masks"), best);
            }
        });
    }

    @Test
    void segmentsThatDoNotOverlap() throws Exception {
        run("public-B-panoptic", RoutingSchedule.dense(), Optional.empty(), (fixture, prompt, answer, expected) -> {
            long[] ids = expected.longs("result.panoptic_seg");
            assertThat(answer).hasSize(2);
            // segments_info of the fixture's config.json.
            for (ScoredMask mask : answer) {
                long id = mask.category().name().equals("traffic light") ? 1 : 2;
                assertThat(mask.category().name()).isIn("traffic light", "wall brick");
                long[] wanted = Arrays.stream(ids).map(i -> i == id ? 1 : 0).toArray();
                requireMask(mask.mask(), wanted, 0);
                float[] probabilities = expected.floats("result.class_prob");
                int category = id == 1 ? 1 : 4;
                assertThat(IntStream.range(0, 12).mapToObj(q -> probabilities[q * 6 + category]))
                        .anyMatch(p -> Math.abs(p - mask.score()) < SCORE);
            }
        });
    }

    /** The same pictures and words, asked for instances and for labels. */
    @Test
    void instancesAndLabelsOfTheSameClasses() throws Exception {
        Path folder = Fixtures.path("public-B-panoptic");
        FixtureConfig fixture = FixtureConfig.read(folder.resolve("config.json"));
        int side = fixture.model().imageTokenSide();
        RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), fixture.model(), side, side);
        try (TensorSource weights = Safetensors.open(folder.resolve("weights.safetensors"));
                TensorSource inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
                TensorSource expected = Safetensors.open(folder.resolve("expected.safetensors"));
                PsalmNetwork network = new PsalmNetwork(
                        program, fixture.model(), weights, TorchType.FLOAT32, plan, Optional.empty())) {
            PreparedPrompt prompt = FixturePrompt.of(fixture, inputs).prompt();
            List<Category> categories = ((PanopticTask) prompt.task()).categories();
            ForwardPass pass =
                    new ForwardPass(network, network.llm(), FlopsModel.asRun(fixture.model(), plan, false), 16);

            List<Segmentation> answers = answers(
                    pass,
                    picture(fixture, inputs),
                    List.of(
                            as(new SemanticTask(categories), prompt),
                            prompt,
                            as(new InstanceTask(categories), prompt)));

            List<ScoredMask> things = answers.get(2).masks().stream()
                    .filter(mask -> mask.category().thing())
                    .toList();
            float[] scores = expected.floats("result.scores");
            long[] classes = expected.longs("result.pred_classes");
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, scores.length).boxed().toList());
            order.sort(Comparator.comparing(i -> -scores[i]));
            assertThat(things).hasSize(scores.length);
            for (int i = 0; i < scores.length; i++) {
                assertThat(things.get(i).score()).isCloseTo(scores[order.get(i)], within(SCORE));
                assertThat(things.get(i).category()).isEqualTo(categories.get((int) classes[order.get(i)]));
                requireMask(things.get(i).mask(), expected.longs("result.pred_masks"), order.get(i));
            }
            assertThat(answers.get(1).masks()).hasSize(2);

            // PSALM made these maps in its panoptic mode, which resizes masks before it sums them: nearly the same
            // labels.
            float[] maps = expected.floats("result.sem_seg");
            int pixels = fixture.imageHeight() * fixture.imageWidth();
            int same = 0;
            int covered = 0;
            for (ScoredMask mask : answers.get(0).masks()) {
                int c = categories.indexOf(mask.category());
                for (int p = 0; p < pixels; p++) {
                    if (mask.mask().at(p / fixture.imageWidth(), p % fixture.imageWidth())) {
                        covered++;
                        int at = p;
                        int best = IntStream.range(0, 5)
                                .boxed()
                                .max(Comparator.comparing(k -> maps[k * pixels + at]))
                                .orElseThrow();
                        same += best == c ? 1 : 0;
                    }
                }
            }
            assertThat(covered).isEqualTo(pixels);
            assertThat((double) same / pixels).isGreaterThan(0.99);
        }
    }
}
