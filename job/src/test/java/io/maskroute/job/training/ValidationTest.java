package io.maskroute.job.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.training.TrainingPicture;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.job.training.Examples.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ValidationTest {
    private static final int WIDTH = 8;
    private static final int TRUE_PIXELS = 4;

    private static final List<Example> PICTURES =
            IntStream.range(0, 5).mapToObj(ValidationTest::picture).toList();

    /** With one prompt, whose answer has as many pixels as its number; nothing is meant by number 0. */
    private static Example picture(int number) {
        PreparedImage image = new PreparedImage(new byte[0], 0, 0, 0, 1, WIDTH);
        PreparedPrompt prompt = PreparedPrompt.referring(new int[0], new int[0], new int[] {number}, new int[0]);
        Optional<Rle> truth = number == 0 ? Optional.empty() : Optional.of(Rle.of(pixels(TRUE_PIXELS)));
        return new Example(
                new TrainingPicture(new PicturePrompts(image, List.of(prompt)), List.of(new float[0])), List.of(truth));
    }

    private static BinaryMask pixels(int count) {
        byte[] pixels = new byte[WIDTH];
        Arrays.fill(pixels, 0, count, (byte) 1);
        return new BinaryMask(1, WIDTH, pixels);
    }

    private static List<List<Segmentation>> answers(List<PicturePrompts> pictures) {
        return pictures.stream()
                .map(picture -> List.of(answer(picture.prompts().get(0).text()[0])))
                .toList();
    }

    private static Segmentation answer(int number) {
        return new Segmentation(
                number == 0 ? List.of() : List.of(new io.maskroute.core.task.ScoredMask(pixels(number), 1)),
                new Segmentation.TokenCounts(1, 1, 1, 1),
                new Segmentation.FlopCounts(1, 1, 1, 1, 1),
                new Segmentation.StageMillis(1, 1, 1, 1, 1));
    }

    @Test
    void picturesThatAreAskedInBatchesCountAsTheyDoTogether() {
        List<Integer> calls = new ArrayList<>();

        LogLine batches = new Validation(PICTURES, 2).run(7, pictures -> {
            calls.add(pictures.size());
            return answers(pictures);
        });

        assertThat(calls).containsExactly(2, 2, 1);
        assertThat(batches).isEqualTo(new Validation(PICTURES, 5).run(7, ValidationTest::answers));
        assertThat(batches.step()).isEqualTo(7);
        // IoUs of 1, 1/4, 2/4, 3/4 and 1.
        assertThat(batches.gIoU()).isEqualTo(0.7);
        assertThat(batches.cIoU()).isEqualTo(10.0 / 16);
    }

    @Test
    void aModelThatCannotAnswerIsNamed() {
        RowFailure failure = new RowFailure(Stage.PROMPT, "not-finite", "numbers that are not finite");

        assertThatThrownBy(() -> new Validation(PICTURES, 2).run(7, pictures -> {
                    throw failure;
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasCause(failure);
    }
}
