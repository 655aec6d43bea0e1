package io.maskroute.job.run;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.predictions.Prediction;
import io.maskroute.job.predictions.PredictionSchema;
import io.maskroute.job.predictions.RunIdentity;
import io.maskroute.job.scoring.Scoring;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * One task: image rows in, one prediction row per prompt out, in order. Some pictures are prepared ahead of the model, so that
 * it need not wait for decoding even when a single task runs.
 */
record SegmentPartition(
        SegmenterFactory factory,
        ModelOptions model,
        SegmenterFactory.ModelSummary expected,
        RuntimeOptions runtime,
        Scoring scoring,
        String runId,
        String dataset,
        ImageRowReader reader,
        String suspects,
        Broadcast<SerializableConfiguration> hadoop,
        LongAccumulator ok,
        LongAccumulator failed)
        implements MapPartitionsFunction<Row, Row> {

    @Override
    public Iterator<Row> call(Iterator<Row> images) throws Exception {
        TaskContext task = TaskContext.get();
        AssignedDevice device = AssignedDevice.of(model, runtime, task);
        ModelThread modelThread = ExecutorModels.get(factory, device.options(), runtime);
        SegmenterInfo info = modelThread.awaitModel();
        requireExpected(info);
        RunIdentity identity = new RunIdentity(
                runId,
                info.modelFingerprint(),
                info.routingFingerprint(),
                info.device() + device.note(),
                SparkEnv.get().executorId(),
                task.attemptNumber());
        Configuration files = hadoop.value().value();
        ImageWork work = new ImageWork(
                modelThread,
                new ImageDecoder(),
                new ImageBytes(dataset, files, runtime.maxImageBytes()),
                scoring,
                runtime.promptsPerCall(),
                Suspects.read(suspects, files),
                task.attemptNumber() > 0,
                task::isInterrupted);
        Rows rows = new Rows(images, work, identity);
        task.addTaskCompletionListener((TaskCompletionListener) context -> rows.cancel());
        return rows;
    }

    /** The files of a model may be exchanged while the run goes on; rows of two models do not belong together. */
    private void requireExpected(SegmenterInfo loaded) {
        if (!loaded.modelFingerprint().equals(expected.fingerprint())
                || !loaded.routingFingerprint().equals(expected.routingFingerprint())) {
            throw new UnusableInputException("the model " + model.path() + " or its routing " + model.routing()
                    + " is not what it was when the run started: put it back, or start over with --fresh");
        }
    }

    private final class Rows implements Iterator<Row> {
        private final Iterator<Row> images;
        private final ImageWork work;
        private final RunIdentity identity;
        private final Deque<ImageWork.Pending> ahead = new ArrayDeque<>();
        private Iterator<Prediction> ready = Collections.emptyIterator();

        Rows(Iterator<Row> images, ImageWork work, RunIdentity identity) {
            this.images = images;
            this.work = work;
            this.identity = identity;
        }

        @Override
        public boolean hasNext() {
            try {
                while (!ready.hasNext()) {
                    while (ahead.size() <= runtime.imagesAhead() && images.hasNext()) {
                        ahead.add(work.start(images.next(), reader));
                    }
                    if (ahead.isEmpty()) {
                        return false;
                    }
                    // Stays until it is finished, so that cancelling finds it.
                    ready = ahead.element().finish().iterator();
                    ahead.remove();
                }
                return true;
            } catch (PredictorLostException e) {
                if (!AssignedDevice.isLocal()) {
                    throw new ExecutorEndsError(e);
                }
                throw e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the task was killed", e);
            }
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Prediction prediction = ready.next();
            (prediction.error() == null ? ok : failed).add(1);
            return PredictionSchema.toRow(prediction, identity);
        }

        void cancel() {
            ahead.forEach(ImageWork.Pending::cancel);
        }
    }
}
