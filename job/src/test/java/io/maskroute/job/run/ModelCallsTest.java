package io.maskroute.job.run;

import static io.maskroute.job.run.StubSegmenter.answers;
import static io.maskroute.job.run.StubSegmenter.image;
import static io.maskroute.job.run.StubSegmenter.prompts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCallsTest {
    private static final ModelCalls.Watch UNWATCHED = new ModelCalls.Watch() {
        @Override
        public <T> T during(int pictures, int prompts, ModelCalls.Call<T> call) throws RowFailure {
            return call.make();
        }
    };

    /** Another process on the card may have had the memory for a while. */
    @Test
    void afterSomeCallsMoreIsTriedAgainAndLessOftenEachTime() {
        int[] room = {3};
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> atMost(room[0], numbers));
        ModelCalls calls = new ModelCalls(segmenter, UNWATCHED, 8, 1);
        calls.segment(image(1), prompts(1, 2, 3, 4, 5, 6, 7, 8));
        assertThat(calls.promptsPerCall()).isEqualTo(2);

        int first = callsUntilLarger(calls);
        calls.segment(image(1), prompts(1, 2, 3, 4));
        assertThat(calls.promptsPerCall()).isEqualTo(2);
        int second = callsUntilLarger(calls);
        assertThat(second).isGreaterThan(3 * first / 2);

        room[0] = 8;
        callsUntilLarger(calls);
        assertThat(calls.promptsPerCall()).isEqualTo(8);
        calls.segment(image(1), prompts(1, 2, 3, 4, 5, 6, 7, 8));
        assertThat(calls.promptsPerCall()).isEqualTo(8);
    }

    private static int callsUntilLarger(ModelCalls calls) {
        int before = calls.promptsPerCall();
        for (int made = 1; made < 10_000; made++) {
            calls.segment(image(1), prompts(1));
            if (calls.promptsPerCall() > before) {
                return made;
            }
        }
        throw new AssertionError("never larger than " + before);
    }

    @Test
    void outOfMemoryHalvesAndTheSafeSizeIsRemembered() {
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> atMost(3, numbers));
        ModelCalls calls = new ModelCalls(segmenter, UNWATCHED, 64, 8);

        assertThat(answers(calls.segment(image(1), prompts(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))))
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

        assertThat(segmenter.calls.stream().map(List::size)).containsExactly(10, 5, 3, 3, 3, 1);
        assertThat(calls.promptsPerCall()).isEqualTo(3);
        assertThat(calls.outOfMemory()).isEqualTo(2);

        segmenter.calls.clear();
        assertThat(answers(calls.segment(image(1), prompts(1, 2, 3, 4)))).containsExactly(1, 2, 3, 4);
        assertThat(segmenter.calls).containsExactly(List.of(1, 2, 3), List.of(4));
        assertThat(calls.outOfMemory()).isEqualTo(2);
    }

    @Test
    void aPromptThatNeverFitsFailsAlone() {
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> atMost(numbers.contains(5) ? 0 : 64, numbers));
        ModelCalls calls = new ModelCalls(segmenter, UNWATCHED, 64, 8);

        List<PromptResult> results = calls.segment(image(1), prompts(1, 2, 3, 4, 5, 6, 7, 8));

        assertThat(answers(results)).containsExactly(1, 2, 3, 4, -1, 6, 7, 8);
        assertThat(results.get(4).failure().kind()).isEqualTo("device-out-of-memory");
        assertThat(results.get(4).failure().stage()).isEqualTo(Stage.PROMPT);
    }

    @Test
    void aPictureTooLargeForTheDeviceDoesNotSlowTheNext() {
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            if (image.pixels().length > 1) {
                throw new DeviceOutOfMemoryException(Stage.VISION, "CUDA out of memory", null);
            }
        });
        ModelCalls calls = new ModelCalls(segmenter, UNWATCHED, 64, 8);

        assertThat(answers(calls.segment(image(2), prompts(1, 2)))).containsExactly(-1, -1);
        assertThat(answers(calls.segment(image(1), prompts(3, 4)))).containsExactly(3, 4);
        assertThat(calls.promptsPerCall()).isEqualTo(64);
    }

    @Test
    void aLostDeviceIsNoFailureOfTheRow() {
        ModelCalls calls = new ModelCalls(
                new StubSegmenter((image, numbers) -> {
                    throw new DeviceLostException("CUDA error: an illegal memory access was encountered", null);
                }),
                UNWATCHED,
                64,
                8);

        assertThatThrownBy(() -> calls.segment(image(1), prompts(1, 2))).isInstanceOf(DeviceLostException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void everyPromptIsAnsweredInOrderWhateverFails(long seed) {
        Random random = new Random(seed);
        int room = 1 + random.nextInt(9);
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {
            atMost(room, numbers);
            if (numbers.stream().anyMatch(n -> n % 7 == 0)) {
                throw new RowFailure(Stage.PROMPT, "refused", "a multiple of seven");
            }
            if (numbers.stream().anyMatch(n -> n % 11 == 0)) {
                throw new IndexOutOfBoundsException("a multiple of eleven");
            }
        });
        ModelCalls calls = new ModelCalls(segmenter, UNWATCHED, 16, 8);
        for (int i = 0; i < 30; i++) {
            int[] numbers = random.ints(1 + random.nextInt(40), 1, 1000).toArray();
            List<PreparedPrompt> prompts = prompts(numbers);
            assertThat(answers(calls.segment(image(1), prompts)))
                    .isEqualTo(IntStream.of(numbers)
                            .mapToObj(n -> n % 7 == 0 || n % 11 == 0 ? -1 : n)
                            .toList());
        }
    }

    @Test
    void fewerPicturesGoTogetherOnceTheMemoryRanOut() {
        AtomicInteger room = new AtomicInteger(3);
        StubSegmenter segmenter = new StubSegmenter((image, numbers) -> {}) {
            @Override
            public List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
                if (pictures.size() > room.get()) {
                    throw new DeviceOutOfMemoryException(Stage.VISION, "CUDA out of memory", null);
                }
                return super.segment(pictures);
            }
        };
        ModelCalls calls = new ModelCalls(segmenter, UNWATCHED, 64, 8);
        List<PicturePrompts> pictures = IntStream.range(0, 8)
                .mapToObj(i -> new PicturePrompts(image(1), prompts(2 * i, 2 * i + 1)))
                .toList();

        List<List<PromptResult>> results = calls.segment(pictures);

        assertThat(results.stream().flatMap(r -> answers(r).stream()))
                .containsExactlyElementsOf(IntStream.range(0, 16).boxed().toList());
        assertThat(segmenter.together).containsExactly(2, 2, 2, 2);
        assertThat(calls.imagesPerCall()).isEqualTo(2);

        room.set(1);
        assertThat(calls.segment(pictures.subList(0, 2))).hasSize(2);
        assertThat(calls.imagesPerCall()).isEqualTo(1);
    }

    @Test
    void aBadPictureFailsAloneAmongOthers() {
        ModelCalls calls = new ModelCalls(
                new StubSegmenter((image, numbers) -> {
                    if (image.pixels().length > 1) {
                        throw new RowFailure(Stage.VISION, "refused", "not this picture");
                    }
                }),
                UNWATCHED,
                64,
                8);

        assertThat(calls
                        .segment(List.of(
                                new PicturePrompts(image(1), prompts(1)),
                                new PicturePrompts(image(2), prompts(2, 3)),
                                new PicturePrompts(image(1), prompts(4))))
                        .stream()
                        .map(StubSegmenter::answers))
                .containsExactly(List.of(1), List.of(-1, -1), List.of(4));
    }

    private static void atMost(int room, List<Integer> prompts) {
        if (prompts.size() > room) {
            throw new DeviceOutOfMemoryException(Stage.PROMPT, "CUDA out of memory. Tried to allocate 2.00 GiB", null);
        }
    }
}
