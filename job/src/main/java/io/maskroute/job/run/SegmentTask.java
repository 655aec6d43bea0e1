package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.input.Prompts;
import io.maskroute.job.predictions.Prediction;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.RunIdentity;
import io.maskroute.job.scoring.Scoring;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * What every task does, whoever asked for it: pictures with their prompts in, predictions out, in order, with the one model of
 * the executor. Some pictures are prepared ahead of the model, so that it need not wait for decoding even when a single task
 * runs.
 *
 * @param expected the model as it was when the run began, or null to take it as it is
 * @param prompts what the model is asked
 * @param runId for the rows
 * @param orientation of the pictures
 * @param dataset folder that relative URIs of pictures are resolved against
 * @param reader of the dataset's rows
 * @param suspects folder of the marks that find a row which kills its executor, or null to go without: then such a row fails
 *     the job
 */
public record SegmentTask(
        SegmenterFactory factory,
        ModelOptions model,
        SegmenterFactory.ModelSummary expected,
        RuntimeOptions runtime,
        Prompts prompts,
        Scoring scoring,
        String runId,
        PictureOrientation orientation,
        String dataset,
        ImageRowReader reader,
        String suspects,
        Broadcast<SerializableConfiguration> hadoop)
        implements Serializable {
    private static final Duration MARKS_GONE_WITHIN = Duration.ofSeconds(30);

    /**
     * A picture that is done.
     *
     * @param input what it came from
     * @param predictions a row of {@link PredictionSchema} for each of its prompts, in order
     * @param failed how many of them failed
     */
    public record Answered<T>(T input, List<Row> predictions, int failed) {}

    /**
     * Works through the pictures of this task, as they are asked for.
     *
     * @param datasetRow the input's row as {@link #reader} takes it
     */
    public <T> Iterator<Answered<T>> run(Iterator<T> inputs, Function<T, Row> datasetRow)
            throws IOException, InterruptedException {
        TaskContext task = TaskContext.get();
        AssignedDevices devices = DtypeChoice.here(AssignedDevices.of(model, runtime, task));
        Predictors predictors = ExecutorModels.get(factory, devices, runtime);
        SegmenterInfo info = opened(predictors);
        RunIdentity identity = new RunIdentity(
                runId,
                info.modelFingerprint(),
                info.routingFingerprint(),
                devices.devices().get(0).label(),
                info.dtype(),
                SparkEnv.get().executorId(),
                task.attemptNumber());
        Configuration files = hadoop.value().value();
        Suspects marks = suspects == null ? Suspects.none() : Suspects.read(suspects, files);
        ImageWork work = new ImageWork(
                predictors,
                orientation,
                new ImageBytes(dataset, runtime.imageRoots(), files, runtime.maxImageBytes()),
                prompts,
                scoring,
                runtime.promptsPerCall(),
                marks,
                // Where rows come through a shuffle, the loss of an executor begins a new attempt of the stage instead.
                marks.hasFaults() && task.attemptNumber() + task.stageAttemptNumber() > 1,
                task::isInterrupted);
        Pictures<T> pictures = new Pictures<>(inputs, datasetRow, work, identity);
        task.addTaskCompletionListener((TaskCompletionListener) context -> pictures.end());
        return pictures;
    }

    /** Its refusal reaches the user without what Spark says around it, so it has to say itself where to look. */
    private SegmenterInfo opened(Predictors predictors) throws InterruptedException {
        try {
            SegmenterInfo info = predictors.awaitModel();
            requireExpected(info);
            return info;
        } catch (UnusableInputException e) {
            if (AssignedDevices.isLocal()) {
                throw e;
            }
            SparkEnv env = SparkEnv.get();
            throw onExecutor(e, env.blockManager().blockManagerId().host(), env.executorId());
        }
    }

    static UnusableInputException onExecutor(UnusableInputException refusal, String host, String executor) {
        return new UnusableInputException(
                "on " + host + " (executor " + executor + "): " + refusal.getMessage(), refusal);
    }

    /** The files of a model may be exchanged while the run goes on; rows of two models do not belong together. */
    private void requireExpected(SegmenterInfo loaded) {
        if (expected != null
                && (!loaded.modelFingerprint().equals(expected.fingerprint())
                        || !loaded.routingFingerprint().equals(expected.routingFingerprint()))) {
            throw new UnusableInputException("the model " + model.path() + " or its routing " + model.routing()
                    + " is not what it was when the run started: put it back, or start over with --fresh");
        }
    }

    private final class Pictures<T> implements Iterator<Answered<T>> {
        private final Iterator<T> inputs;
        private final Function<T, Row> datasetRow;
        private final ImageWork work;
        private final RunIdentity identity;
        private final Deque<Begun<T>> ahead = new ArrayDeque<>();
        private final RowWarnings warnings = new RowWarnings();

        private record Begun<T>(T input, ImageWork.Pending pending) {}

        Pictures(Iterator<T> inputs, Function<T, Row> datasetRow, ImageWork work, RunIdentity identity) {
            this.inputs = inputs;
            this.datasetRow = datasetRow;
            this.work = work;
            this.identity = identity;
        }

        @Override
        public boolean hasNext() {
            return !ahead.isEmpty() || inputs.hasNext();
        }

        @Override
        public Answered<T> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            try {
                return nextAnswered();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the task was killed", e);
            }
        }

        private Answered<T> nextAnswered() throws InterruptedException {
            try {
                while (ahead.size() <= runtime.imagesAhead() && inputs.hasNext()) {
                    T input = inputs.next();
                    ahead.add(new Begun<>(input, work.start(datasetRow.apply(input), reader)));
                }
                // Stays until it is finished, so that cancelling finds it.
                Begun<T> first = ahead.element();
                List<Prediction> predictions = first.pending().finish();
                ahead.remove();
                return answered(first.input(), predictions);
            } catch (PredictorLostException e) {
                if (AssignedDevices.isLocal()) {
                    throw e;
                }
                MarkedWork.OF_THIS_JVM.end(MARKS_GONE_WITHIN);
                throw new ExecutorEndsError(e);
            }
        }

        private Answered<T> answered(T input, List<Prediction> predictions) {
            ExecutorMetrics.current().picture(predictions);
            int failed = 0;
            for (Prediction prediction : predictions) {
                if (prediction.error() != null) {
                    failed++;
                    warnings.add(prediction);
                }
            }
            return new Answered<>(
                    input,
                    predictions.stream()
                            .map(prediction -> PredictionSchema.toRow(prediction, identity))
                            .toList(),
                    failed);
        }

        void end() {
            ahead.forEach(begun -> begun.pending().cancel());
            warnings.close();
        }
    }
}
