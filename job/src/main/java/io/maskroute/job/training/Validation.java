package io.maskroute.job.training;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.training.TrainingPicture;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.job.training.Examples.Example;
import java.util.List;
import java.util.Optional;

/** How well a model in training answers pictures that are kept for that. */
final class Validation {
    private final List<Example> pictures;
    private final int atOnce;

    /** @param atOnce pictures in a call of the model: as many as in a step, whose gradients need more memory than this */
    Validation(List<Example> pictures, int atOnce) {
        this.pictures = List.copyOf(pictures);
        this.atOnce = atOnce;
    }

    /** Answers per picture and prompt, in order. */
    interface Model {
        List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure;
    }

    /** @param step the last one */
    LogLine run(long step, Model model) {
        double sum = 0;
        long intersections = 0;
        long unions = 0;
        int prompts = 0;
        for (int from = 0; from < pictures.size(); from += atOnce) {
            List<Example> batch = pictures.subList(from, Math.min(pictures.size(), from + atOnce));
            List<List<Segmentation>> answers = answers(batch, model);
            for (int i = 0; i < batch.size(); i++) {
                for (int p = 0; p < answers.get(i).size(); p++) {
                    Optional<Rle> mask =
                            answers.get(i).get(p).masks().stream().findFirst().map(found -> Rle.of(found.mask()));
                    Optional<Rle> truth = batch.get(i).truths().get(p);
                    long intersection =
                            mask.isEmpty() || truth.isEmpty() ? 0 : Rle.intersectionArea(mask.get(), truth.get());
                    long union = mask.map(Rle::area).orElse(0L)
                            + truth.map(Rle::area).orElse(0L)
                            - intersection;
                    sum += EmptyUnion.ONE.iou(intersection, union);
                    intersections += intersection;
                    unions += union;
                    prompts++;
                }
            }
        }
        return LogLine.validation(step, sum / prompts, (double) intersections / Math.max(1, unions));
    }

    private static List<List<Segmentation>> answers(List<Example> batch, Model model) {
        try {
            return model.segment(batch.stream()
                    .map(Example::picture)
                    .map(TrainingPicture::picture)
                    .toList());
        } catch (RowFailure e) {
            throw new IllegalStateException("the model cannot be validated", e);
        }
    }
}
