package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.Orientation;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.task.Task;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.input.Prompts;
import io.maskroute.job.predictions.Overlap;
import io.maskroute.job.predictions.Prediction;
import io.maskroute.job.run.ModelRequest.Answer;
import io.maskroute.job.scoring.Scoring;
import io.maskroute.job.scoring.TruthMasks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.Row;

/** What a task thread does for one picture: everything before the model, and everything after it. */
final class ImageWork {
    private static final long LOOK_UP_MILLIS = 200;

    private final Predictors model;
    private final PictureOrientation orientation;
    private final ImageDecoder decoder;
    private final ImageBytes bytes;
    private final Prompts asking;
    private final Scoring scoring;
    private final int promptsPerCall;
    private final Suspects suspects;
    private final boolean retry;
    private final BooleanSupplier killed;

    /**
     * @param retry whether earlier attempts of the task failed where executors died, so that one of its pictures may be the reason
     * @param killed whether the task is to end
     */
    ImageWork(
            Predictors model,
            PictureOrientation orientation,
            ImageBytes bytes,
            Prompts asking,
            Scoring scoring,
            int promptsPerCall,
            Suspects suspects,
            boolean retry,
            BooleanSupplier killed) {
        this.model = model;
        this.orientation = orientation;
        this.decoder = orientation.decoder();
        this.bytes = bytes;
        this.asking = asking;
        this.scoring = scoring;
        this.promptsPerCall = promptsPerCall;
        this.suspects = suspects;
        this.retry = retry;
        this.killed = killed;
    }

    /** A picture on its way through the model. */
    interface Pending {
        /** Waits for the model; one prediction per prompt of the picture, in order. */
        List<Prediction> finish() throws InterruptedException;

        /** Takes back what the model has not begun. */
        void cancel();
    }

    /** Prepares a picture and its prompts and hands them to the model. Whatever fails is kept for {@link Pending#finish}. */
    Pending start(Row row, ImageRowReader reader) throws InterruptedException {
        ImageRow image;
        try {
            image = reader.read(row);
        } catch (RowFailure | RuntimeException e) {
            return new Done(UnreadableRow.predictions(row, Failures.of(Stage.READ, e)));
        }
        if (image.prompts().isEmpty()) {
            return new Done(List.of());
        }
        try {
            if (suspects.isSuspect(image)) {
                return new Done(alone(image));
            }
            return retry ? new Done(underMark(image)) : start(image);
        } catch (RowFailure failure) {
            return new Done(image.prompts().stream()
                    .map(prompt -> failed(image, prompt, null, failure))
                    .toList());
        }
    }

    private Pending start(ImageRow image) throws RowFailure, InterruptedException {
        PreparedPicture picture = prepare(image);
        List<Asked> prompts = tokenise(image, picture);
        List<Asked> usable = usable(prompts);
        List<Call> calls = new ArrayList<>();
        AtModel atModel = new AtModel(image, picture, prompts, calls);
        try {
            for (int from = 0; from < usable.size(); from += promptsPerCall) {
                calls.add(submit(
                        image, picture, usable.subList(from, Math.min(usable.size(), from + promptsPerCall)), retry));
            }
        } catch (InterruptedException e) {
            atModel.cancel();
            throw e;
        }
        return atModel;
    }

    /** For pictures of a task that failed before: nothing else that may be marked is in work in this JVM meanwhile. */
    private List<Prediction> underMark(ImageRow image) throws RowFailure, InterruptedException {
        if (image.prompts().size() == 1) {
            return alone(image);
        }
        return MarkedWork.OF_THIS_JVM.inTurn(() -> suspects.during(image, () -> {
            Pending pending = start(image);
            try {
                return pending.finish();
            } catch (InterruptedException e) {
                pending.cancel();
                throw e;
            }
        }));
    }

    /** For pictures that were in the model when an executor was lost: prompt by prompt, so that the guilty one is known. */
    private List<Prediction> alone(ImageRow image) throws RowFailure, InterruptedException {
        return MarkedWork.OF_THIS_JVM.inTurn(() -> {
            Optional<RowFailure> undecodable = suspects.verdict(image);
            if (undecodable.isPresent()) {
                throw undecodable.get();
            }
            PreparedPicture picture = suspects.duringDecode(image, () -> prepare(image));
            List<Asked> prompts = new ArrayList<>();
            List<Call> calls = new ArrayList<>();
            boolean condemned = false;
            for (Asked asked : tokenise(image, picture)) {
                Optional<RowFailure> verdict =
                        asked.failure == null ? suspects.verdict(image, asked.prompt) : Optional.empty();
                if (verdict.isPresent()) {
                    condemned = true;
                    prompts.add(new Asked(asked.prompt, null, verdict.get(), 0));
                    continue;
                }
                prompts.add(asked);
                if (asked.failure == null) {
                    calls.add(suspects.during(image, asked.prompt, () -> answered(image, picture, asked)));
                }
            }
            if (!condemned) {
                suspects.clear(image);
            }
            return new AtModel(image, picture, prompts, calls).finish();
        });
    }

    private Call answered(ImageRow image, PreparedPicture picture, Asked asked) throws InterruptedException {
        Call call = submit(image, picture, List.of(asked), true);
        try {
            await(call.answer());
        } catch (InterruptedException e) {
            call.answer().cancel(false);
            throw e;
        }
        return call;
    }

    private Call submit(ImageRow image, PreparedPicture picture, List<Asked> together, boolean alone)
            throws InterruptedException {
        return new Call(
                together,
                model.submit(
                        Suspects.hash(image.imageId()),
                        picture.input(),
                        together.stream().map(p -> p.tokens).toList(),
                        alone,
                        loss -> suspects.record(
                                image, together.stream().map(p -> p.prompt).toList(), loss)));
    }

    /** @param toTruth what takes a mask of the picture to the pixels of its truth */
    private record PreparedPicture(PreparedImage input, Orientation toTruth, double decodeMillis, double resizeMillis) {
        Prediction.Size size() {
            return new Prediction.Size(input.originalHeight(), input.originalWidth());
        }
    }

    private PreparedPicture prepare(ImageRow image) throws RowFailure, InterruptedException {
        Stage stage = Stage.READ;
        try {
            long start = System.nanoTime();
            image.requireUsable();
            byte[] encoded = bytes.read(image);
            stage = Stage.DECODE;
            RgbImage picture = decoder.decode(encoded);
            Orientation toTruth = orientation.toTruth(encoded);
            stage = Stage.PREPROCESS;
            long decoded = System.nanoTime();
            PreparedImage input = model.prepare(picture);
            return new PreparedPicture(input, toTruth, millis(start, decoded), millis(decoded, System.nanoTime()));
        } catch (InterruptedException | PredictorLostException e) {
            throw e;
        } catch (Throwable t) {
            throw Failures.ofPicture(stage, t);
        }
    }

    /** A prompt with its tokens, or with the reason why it has none. */
    private static final class Asked {
        private final PromptRow prompt;
        private final PreparedPrompt tokens;
        private final RowFailure failure;
        private final double millis;

        Asked(PromptRow prompt, PreparedPrompt tokens, RowFailure failure, double millis) {
            this.prompt = prompt;
            this.tokens = tokens;
            this.failure = failure;
            this.millis = millis;
        }
    }

    private List<Asked> tokenise(ImageRow image, PreparedPicture picture) throws InterruptedException {
        List<Asked> prompts = new ArrayList<>(image.prompts().size());
        for (PromptRow prompt : image.prompts()) {
            prompts.add(tokenise(prompt, image.imageId(), picture.input()));
        }
        return prompts;
    }

    private static List<Asked> usable(List<Asked> prompts) {
        return prompts.stream().filter(p -> p.failure == null).toList();
    }

    private Asked tokenise(PromptRow prompt, String imageId, PreparedImage picture) throws InterruptedException {
        Stage stage = Stage.READ;
        long start = System.nanoTime();
        try {
            Task task = asking.task(prompt, imageId);
            stage = Stage.TOKENIZE;
            PreparedPrompt tokens = model.prepare(task, picture);
            return new Asked(prompt, tokens, null, millis(start, System.nanoTime()));
        } catch (InterruptedException | PredictorLostException e) {
            throw e;
        } catch (Throwable t) {
            return new Asked(prompt, null, Failures.of(stage, t), 0);
        }
    }

    private record Call(List<Asked> prompts, Future<Answer> answer) {}

    private record Done(List<Prediction> finish) implements Pending {
        @Override
        public void cancel() {
            // There is nothing at the model.
        }
    }

    private final class AtModel implements Pending {
        private final ImageRow image;
        private final PreparedPicture picture;
        private final List<Asked> prompts;
        private final int sharing;
        private final List<Call> calls;

        AtModel(ImageRow image, PreparedPicture picture, List<Asked> prompts, List<Call> calls) {
            this.image = image;
            this.picture = picture;
            this.prompts = prompts;
            this.sharing = usable(prompts).size();
            this.calls = calls;
        }

        @Override
        public List<Prediction> finish() throws InterruptedException {
            List<Prediction> answered = new ArrayList<>(sharing);
            for (Call call : calls) {
                Answer answer = await(call.answer());
                for (int i = 0; i < call.prompts().size(); i++) {
                    answered.add(
                            prediction(call.prompts().get(i), answer.results().get(i), answer.queueMillis())
                                    .on(answer.device()));
                }
            }
            List<Prediction> all = new ArrayList<>(prompts.size());
            int next = 0;
            for (Asked asked : prompts) {
                all.add(
                        asked.failure == null
                                ? answered.get(next++)
                                : failed(image, asked.prompt, picture.size(), asked.failure));
            }
            return all;
        }

        private Prediction prediction(Asked asked, PromptResult result, double queueMillis) {
            if (result.failure() != null) {
                return failed(image, asked.prompt, picture.size(), result.failure());
            }
            Stage stage = Stage.POSTPROCESS;
            try {
                Segmentation found = result.segmentation();
                long start = System.nanoTime();
                List<Prediction.Mask> masks =
                        found.masks().stream().map(Prediction.Mask::of).toList();
                double encodeMillis = millis(start, System.nanoTime());
                stage = Stage.TRUTH;
                return new Prediction(
                        Prediction.Question.of(image, asked.prompt),
                        picture.size(),
                        null,
                        masks,
                        found.tokens(),
                        found.flops(),
                        new Prediction.Latency(
                                picture.decodeMillis() / sharing,
                                picture.resizeMillis() / sharing + asked.millis,
                                found.latency().vision(),
                                found.latency().prefix(),
                                found.latency().prompt(),
                                found.latency().decoder(),
                                found.latency().postprocess() + encodeMillis,
                                queueMillis),
                        score(masks, picture.toTruth(), asked.prompt),
                        null);
            } catch (Throwable t) {
                return failed(image, asked.prompt, picture.size(), Failures.ofPicture(stage, t));
            }
        }

        @Override
        public void cancel() {
            calls.forEach(call -> call.answer().cancel(false));
        }
    }

    /** Of the tasks that have a truth for each prompt alone; the others are scored from the dataset and the masks. */
    private Overlap score(List<Prediction.Mask> masks, Orientation toTruth, PromptRow prompt) throws RowFailure {
        if (prompt.truth() == null) {
            return null;
        }
        List<Prediction.Mask> turned = masks.stream()
                .map(mask -> mask.with(PictureOrientation.turned(mask.rle(), toTruth)))
                .toList();
        try {
            return switch (prompt.requireUsable()) {
                case REFERRING -> TruthMasks.overlap(
                        TruthMasks.together(
                                turned.stream().map(Prediction.Mask::rle).toList()),
                        prompt.truth(),
                        scoring.emptyUnion(),
                        Stage.POSTPROCESS);
                case REGION -> TruthMasks.overlapOfRegions(
                        turned, prompt.regions().size(), prompt.truth(), scoring.emptyUnion());
                default -> null;
            };
        } catch (RowFailure e) {
            if (scoring.strict()) {
                throw e;
            }
            return null;
        }
    }

    private static Prediction failed(ImageRow image, PromptRow prompt, Prediction.Size picture, RowFailure failure) {
        return Prediction.failed(
                Prediction.Question.of(image, prompt),
                picture,
                failure,
                prompt.referringTruth() == null ? null : TruthMasks.overlapOfFailed(prompt.referringTruth()));
    }

    /** Spark kills a task by a flag unless told to interrupt its thread. */
    private Answer await(Future<Answer> answer) throws InterruptedException {
        while (true) {
            try {
                return answer.get(LOOK_UP_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (killed.getAsBoolean()) {
                    throw new InterruptedException("the task was killed");
                }
            } catch (ExecutionException e) {
                throw Predictors.rethrown(e.getCause());
            }
        }
    }

    private static double millis(long fromNanos, long toNanos) {
        return (toNanos - fromNanos) / 1e6;
    }
}
