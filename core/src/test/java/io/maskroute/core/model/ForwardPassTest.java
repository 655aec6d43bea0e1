package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.checkpoint.RandomWeights;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.task.AnswerRule;
import io.maskroute.core.task.Decoded;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.ScoredMask;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardPassTest {
    private static final ModelConfig CONFIG = TinyModel.config(new VisionProjector(VisionProjector.Kind.LINEAR, 4, 0));

    /** Each stage comes upon a weight that only it reads, and that is not there. */
    @ParameterizedTest
    @CsvSource({
        "pixel_decoder.mask_features.weight, VISION",
        "predictor.level_embed.weight, VISION",
        "model.layers.0.mlp.fc1.weight, PREFIX",
        "SEG_token_projector.weight, PROMPT",
        "predictor.query_embed.weight, DECODER"
    })
    void whatDependsOnThePictureAloneFailsWithThePicture(String missing, Stage stage) {
        int side = CONFIG.imageTokenSide();
        int size = CONFIG.image().size();
        RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), CONFIG, side, side);
        PicturePrompts picture = new PicturePrompts(
                new PreparedImage(new byte[3 * size * size], size, size, size, size, size), List.of(prompt(7)));
        try (TorchProgram program = TorchProgram.load("cpu")) {
            TorchProgram.enterThread(0);
            TensorSource weights = without(RandomWeights.of(CONFIG, 7), missing);
            try (PsalmNetwork network =
                    new PsalmNetwork(program, CONFIG, weights, TorchType.FLOAT32, plan, Optional.empty())) {
                ForwardPass pass = new ForwardPass(network, network.llm(), FlopsModel.asRun(CONFIG, plan, false), 16);

                assertThatThrownBy(() -> pass.segment(List.of(picture)))
                        .isInstanceOfSatisfying(RowFailure.class, failure -> assertThat(failure.stage())
                                .isEqualTo(stage));
            }
        }
    }

    /** Pictures with different numbers of prompts, so that rows and pictures could be mixed up. */
    @Test
    void anOnlookerIsShownWhatEveryAnswerWasMadeFrom() throws Exception {
        int side = CONFIG.imageTokenSide();
        RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), CONFIG, side, side);
        List<PicturePrompts> pictures = List.of(
                new PicturePrompts(noise(1), List.of(prompt(7), prompt(8))),
                new PicturePrompts(noise(2), List.of(prompt(9))));
        try (TorchProgram program = TorchProgram.load("cpu")) {
            TorchProgram.enterThread(0);
            try (PsalmNetwork network = new PsalmNetwork(
                    program, CONFIG, RandomWeights.of(CONFIG, 7), TorchType.FLOAT32, plan, Optional.empty())) {
                ForwardPass pass = new ForwardPass(network, network.llm(), FlopsModel.asRun(CONFIG, plan, false), 16);
                List<Float> seen = new ArrayList<>();

                List<Float> answers = pass.segment(pictures, decoded -> seen.add(score(decoded))).stream()
                        .flatMap(List::stream)
                        .map(segmentation -> segmentation.masks().get(0).score())
                        .toList();

                assertThat(answers).hasSize(3).doesNotHaveDuplicates();
                assertThat(seen).isEqualTo(answers);
            }
        }
    }

    /** Two pictures with two prompts each: a batch of the mask decoder then holds both. */
    @Test
    void picturesOfACallGetWhatEachGetsAlone() throws Exception {
        int side = CONFIG.imageTokenSide();
        RoutingPlan plan = RoutingPlan.of(RoutingSchedule.dense(), CONFIG, side, side);
        List<PicturePrompts> pictures = List.of(
                new PicturePrompts(noise(1), List.of(prompt(7), prompt(8))),
                new PicturePrompts(noise(2), List.of(prompt(7), prompt(8))));
        try (TorchProgram program = TorchProgram.load("cpu")) {
            TorchProgram.enterThread(0);
            try (PsalmNetwork network = new PsalmNetwork(
                    program, CONFIG, RandomWeights.of(CONFIG, 7), TorchType.FLOAT32, plan, Optional.empty())) {
                ForwardPass pass = new ForwardPass(network, network.llm(), FlopsModel.asRun(CONFIG, plan, false), 16);

                List<List<Segmentation>> together = pass.segment(pictures);

                for (int p = 0; p < pictures.size(); p++) {
                    List<Segmentation> alone =
                            pass.segment(List.of(pictures.get(p))).get(0);
                    for (int i = 0; i < alone.size(); i++) {
                        ScoredMask own = alone.get(i).masks().get(0);
                        ScoredMask shared = together.get(p).get(i).masks().get(0);
                        assertThat(shared.score()).isCloseTo(own.score(), within(1e-5f));
                        assertThat(different(shared, own)).isLessThan(own.mask().columnMajor().length / 1000 + 1);
                    }
                }
                assertThat(different(
                                together.get(0).get(0).masks().get(0),
                                together.get(1).get(0).masks().get(0)))
                        .as("what two pictures differ by")
                        .isGreaterThan(CONFIG.image().size());
            }
        }
    }

    private static int different(ScoredMask one, ScoredMask other) {
        byte[] some = one.mask().columnMajor();
        byte[] others = other.mask().columnMajor();
        return (int) IntStream.range(0, some.length)
                .filter(i -> some[i] != others[i])
                .count();
    }

    private static float score(Decoded decoded) {
        try {
            return new ReferringTask(List.of())
                    .masks(decoded, AnswerRule.of(0))
                    .get(0)
                    .score();
        } catch (RowFailure e) {
            throw new AssertionError(e);
        }
    }

    private static PreparedImage noise(long seed) {
        int size = CONFIG.image().size();
        byte[] pixels = new byte[3 * size * size];
        new Random(seed).nextBytes(pixels);
        return new PreparedImage(pixels, size, size, size, size, size);
    }

    private static PreparedPrompt prompt(int word) {
        return PreparedPrompt.referring(new int[] {5}, new int[] {6}, new int[] {word, 2047}, new int[] {8});
    }

    private static TensorSource without(TensorSource all, String missing) {
        return new DelegatingTensors(all) {
            @Override
            public Set<String> names() {
                Set<String> names = new LinkedHashSet<>(super.names());
                names.remove(missing);
                return names;
            }
        };
    }
}
