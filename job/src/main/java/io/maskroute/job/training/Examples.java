package io.maskroute.job.training;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.Orientation;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.training.TargetGrid;
import io.maskroute.core.training.TrainingPicture;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.input.Prompts;
import io.maskroute.job.scoring.TruthMasks;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.spark.sql.Row;

/** Turns dataset rows into training pictures. A row that cannot be used is counted and left out. */
final class Examples {
    private final ImageRowReader reader;
    private final ImageBytes bytes;
    private final PictureOrientation orientation;
    private final ImageDecoder decoder;
    private final ImagePreprocessor preprocessor;
    private final PromptTokenizer tokenizer;
    private final TargetGrid grid;
    private final int prompts;
    private final long seed;
    private long unusable;
    private RowFailure lastFailure;

    Examples(
            ImageRowReader reader,
            ImageBytes bytes,
            PictureOrientation orientation,
            ImagePreprocessor preprocessor,
            PromptTokenizer tokenizer,
            TargetGrid grid,
            int prompts,
            long seed) {
        this.reader = reader;
        this.bytes = bytes;
        this.orientation = orientation;
        this.decoder = orientation.decoder();
        this.preprocessor = preprocessor;
        this.tokenizer = tokenizer;
        this.grid = grid;
        this.prompts = prompts;
        this.seed = seed;
    }

    /** A picture with its prompts and what they mean in the picture's own pixels, empty where that is nothing. */
    record Example(TrainingPicture picture, List<Optional<Rle>> truths) {}

    /**
     * @param position of the row in the run, which decides which prompts are drawn
     * @return nothing when the row cannot be used
     */
    Optional<Example> of(Row row, long position) {
        try {
            ImageRow image = reader.read(row);
            List<PromptRow> known = new ArrayList<>(image.prompts());
            known.removeIf(prompt -> prompt.truth() == null && prompt.unreadable() == null);
            if (known.isEmpty()) {
                throw new RowFailure(Stage.READ, "no-truth", "image " + image.imageId() + " has no ground truth");
            }
            byte[] encoded = bytes.read(image);
            PreparedImage prepared = preprocessor.prepare(decoder.decode(encoded));
            Orientation fromTruth = orientation.toTruth(encoded).inverse();
            List<PreparedPrompt> tokens = new ArrayList<>();
            List<float[]> targets = new ArrayList<>();
            List<Optional<Rle>> truths = new ArrayList<>();
            for (PromptRow prompt : drawn(known, position)) {
                tokens.add(tokenizer.prepare(Prompts.referring(prompt)));
                Optional<Rle> truth =
                        TruthMasks.target(prompt.truth()).map(mask -> PictureOrientation.turned(mask, fromTruth));
                targets.add(
                        truth.isEmpty()
                                ? new float[grid.cells() * grid.cells()]
                                : grid.of(truth.get().toMask(), prepared));
                truths.add(truth);
            }
            return Optional.of(new Example(new TrainingPicture(new PicturePrompts(prepared, tokens), targets), truths));
        } catch (RowFailure e) {
            return leftOut(e);
        } catch (RuntimeException e) {
            return leftOut(new RowFailure(Stage.READ, "unusable-row", String.valueOf(e.getMessage()), e));
        }
    }

    private Optional<Example> leftOut(RowFailure failure) {
        unusable++;
        lastFailure = failure;
        return Optional.empty();
    }

    private List<PromptRow> drawn(List<PromptRow> all, long position) {
        if (all.size() <= prompts) {
            return all;
        }
        SplittableRandom random = new SplittableRandom(seed ^ position * 0x9E3779B97F4A7C15L);
        List<PromptRow> mixed = new ArrayList<>(all);
        for (int i = 0; i < prompts; i++) {
            Collections.swap(mixed, i, random.nextInt(i, mixed.size()));
        }
        return mixed.subList(0, prompts);
    }

    long unusable() {
        return unusable;
    }

    /** @throws UnusableInputException naming the reason of the last one */
    UnusableInputException nothingUsable(String dataset) {
        return new UnusableInputException(
                "no row of " + dataset + " can be trained on; the last one: " + lastFailure.getMessage(), lastFailure);
    }
}
