package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.Task;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A model whose every call a test decides: prompts are numbers, a prompt's answer has its number as score. */
class StubSegmenter implements Segmenter {
    /** Prompts of each call so far, read once nothing runs. */
    final List<List<Integer>> calls = Collections.synchronizedList(new ArrayList<>());

    /** Pictures of each call for several. */
    final List<Integer> together = Collections.synchronizedList(new ArrayList<>());

    final CountDownLatch closed = new CountDownLatch(1);
    private final Behaviour behaviour;

    /** What happens in a call before it answers. */
    interface Behaviour {
        void before(PreparedImage image, List<Integer> prompts) throws RowFailure;
    }

    StubSegmenter(Behaviour behaviour) {
        this.behaviour = behaviour;
    }

    static PreparedImage image(int bytes) {
        return new PreparedImage(new byte[bytes], 0, 0, 0, 1, 1);
    }

    static List<PreparedPrompt> prompts(int... numbers) {
        List<PreparedPrompt> prompts = new ArrayList<>();
        for (int number : numbers) {
            prompts.add(PreparedPrompt.referring(new int[0], new int[0], new int[] {number}, new int[0]));
        }
        return prompts;
    }

    static List<Integer> answers(List<PromptResult> results) {
        return results.stream()
                .map(r -> r.failure() != null
                        ? -1
                        : Math.round(r.segmentation().masks().get(0).score()))
                .toList();
    }

    @Override
    public SegmenterInfo info() {
        return new SegmenterInfo("stub", "dense", "cpu", "fp32");
    }

    @Override
    public PreparedImage prepare(RgbImage image) {
        return image(image.rgb().length);
    }

    @Override
    public PreparedPrompt prepare(Task prompt, PreparedImage image) {
        return prompts(0).get(0);
    }

    @Override
    public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
        List<Integer> numbers = prompts.stream().map(p -> p.text()[0]).toList();
        calls.add(numbers);
        behaviour.before(image, numbers);
        return numbers.stream()
                .map(number -> new Segmentation(
                        List.of(new io.maskroute.core.task.ScoredMask(new BinaryMask(1, 1, new byte[1]), number)),
                        new Segmentation.TokenCounts(1, 1, 1, 1),
                        new Segmentation.FlopCounts(1, 1, 1, 1, 1),
                        new Segmentation.StageMillis(1, 1, 1, 1, 1)))
                .toList();
    }

    @Override
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
        together.add(pictures.size());
        return Segmenter.super.segment(pictures);
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
