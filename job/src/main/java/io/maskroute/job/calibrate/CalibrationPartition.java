package io.maskroute.job.calibrate;

import io.maskroute.core.calibration.DensePass;
import io.maskroute.core.calibration.FollowerSums;
import io.maskroute.core.calibration.ProjectorUnit;
import io.maskroute.core.calibration.PromptSums;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.config.RuntimeOptions;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.input.Prompts;
import io.maskroute.job.run.AssignedDevices;
import io.maskroute.job.run.Failures;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * One task: pictures in, sums out. What cannot be used is counted and left out; the first few are named in the log.
 *
 * @param units projectors whose sums are taken
 * @param prompts whether to watch the prompts as well
 * @param orientation of the pictures
 * @param lastHeldOut of {@link PictureSample}
 */
record CalibrationPartition(
        ModelOptions model,
        RuntimeOptions runtime,
        List<ProjectorUnit> units,
        boolean prompts,
        PictureOrientation orientation,
        long lastHeldOut,
        String dataset,
        ImageRowReader reader,
        Broadcast<SerializableConfiguration> hadoop)
        implements PairFlatMapFunction<Iterator<Row>, SumKey, double[]> {
    static final String TRAINING = "training/";
    static final String HELD_OUT = "held-out/";
    static final String PROMPTS = "prompts";
    static final String PICTURES = "pictures/";
    static final String SKIPPED_PICTURES = "skipped-pictures/";
    static final String SKIPPED_PROMPTS = "skipped-prompts/";

    private static final Logger LOG = LoggerFactory.getLogger(CalibrationPartition.class);
    private static final int NAMED = 5;

    @Override
    public Iterator<Tuple2<SumKey, double[]>> call(Iterator<Row> images) {
        TaskContext task = TaskContext.get();
        ModelOptions placed = AssignedDevices.of(model, runtime, task).first();
        DensePass pass = CalibrationModels.get(placed);
        try {
            Work work = new Work(pass, task.partitionId());
            task.addTaskCompletionListener((TaskCompletionListener) context -> work.close());
            while (images.hasNext()) {
                work.add(images.next());
            }
            return work.sums();
        } catch (RuntimeException e) {
            throw LostDevice.after(e, placed, LostDevice.isLocal());
        }
    }

    /** A call of the model for one picture. */
    interface Observing {
        DensePass.Observation observe() throws RowFailure;
    }

    /** A picture for which the memory does not suffice is left out: nothing of it is in any sums yet, and the model is intact. */
    static DensePass.Observation observed(Observing call) throws RowFailure {
        try {
            return call.observe();
        } catch (DeviceOutOfMemoryException e) {
            throw new RowFailure(e.stage(), "device-out-of-memory", e.getMessage(), e);
        }
    }

    /** The sums of one task. */
    private final class Work {
        private final DensePass pass;
        private final int partition;
        private final ImageDecoder decoder = orientation.decoder();
        private final ImageBytes bytes =
                new ImageBytes(dataset, runtime.imageRoots(), hadoop.value().value(), runtime.maxImageBytes());
        private final Set<Integer> layers =
                units.stream().map(ProjectorUnit::layer).collect(Collectors.toSet());
        private final List<FollowerSums> training;
        private final List<FollowerSums> heldOut;
        private final PromptSums ofPrompts;
        private final Map<String, Long> counts = new TreeMap<>();
        private int named;

        Work(DensePass pass, int partition) {
            this.pass = pass;
            this.partition = partition;
            int width = pass.config().llm().hidden();
            training = units.stream()
                    .map(unit -> new FollowerSums(pass.program(), width))
                    .toList();
            heldOut = units.stream()
                    .map(unit -> new FollowerSums(pass.program(), width))
                    .toList();
            ofPrompts = new PromptSums(pass.config().llm().layers());
        }

        void add(Row row) {
            boolean out = PictureSample.isHeldOut(row, lastHeldOut);
            try {
                ImageRow image = read(row);
                PreparedImage prepared = prepare(image);
                List<PreparedPrompt> usable = prompts ? prompts(image) : List.of();
                synchronized (pass) {
                    try (DensePass.Observation seen = observed(() -> pass.observe(prepared, layers, usable))) {
                        // From here on a failure is the task's: half of a picture may be in the sums.
                        List<FollowerSums> sums = out ? heldOut : training;
                        for (int i = 0; i < units.size(); i++) {
                            seen.addTo(units.get(i), sums.get(i));
                        }
                        if (!usable.isEmpty()) {
                            seen.addTo(ofPrompts);
                        }
                    }
                }
                count(PICTURES + (out ? HELD_OUT : TRAINING));
            } catch (RowFailure e) {
                count(SKIPPED_PICTURES + e.stage().label() + "/" + e.kind());
                name("picture", row.getAs(DatasetSchema.IMAGE_ID), e);
            }
        }

        private ImageRow read(Row row) throws RowFailure {
            try {
                ImageRow image = reader.read(row);
                image.requireUsable();
                return image;
            } catch (RowFailure | RuntimeException e) {
                throw Failures.of(Stage.READ, e);
            }
        }

        private PreparedImage prepare(ImageRow image) throws RowFailure {
            try {
                return pass.prepare(decoder.decode(bytes.read(image)));
            } catch (RowFailure | RuntimeException | Error e) {
                throw Failures.ofPicture(Stage.DECODE, e);
            }
        }

        private List<PreparedPrompt> prompts(ImageRow image) {
            List<PreparedPrompt> usable = new ArrayList<>();
            for (PromptRow prompt : image.prompts()) {
                try {
                    usable.add(pass.prepare(Prompts.referring(prompt)));
                } catch (RowFailure | RuntimeException e) {
                    RowFailure failure = Failures.of(Stage.TOKENIZE, e);
                    count(SKIPPED_PROMPTS + failure.stage().label() + "/" + failure.kind());
                    name("prompt", prompt.promptId(), failure);
                }
            }
            return usable;
        }

        private void count(String what) {
            counts.merge(what, 1L, Long::sum);
        }

        private void name(String what, String id, RowFailure failure) {
            if (named++ < NAMED) {
                LOG.warn("Left out {} {}: {} ({})", what, id, failure.getMessage(), failure.kind());
            }
        }

        /** One at a time, for one may be large. */
        Iterator<Tuple2<SumKey, double[]>> sums() {
            Stream<Tuple2<SumKey, double[]>> totals = counts.entrySet().stream()
                    .map(count -> sum(SumKey.TOTALS, count.getKey(), new double[] {count.getValue()}));
            if (prompts) {
                totals = Stream.concat(totals, Stream.of(sum(SumKey.TOTALS, PROMPTS, ofPrompts.values())));
            }
            Stream<Tuple2<SumKey, double[]>> moments = Stream.iterate(0, i -> i < units.size(), i -> i + 1)
                    .flatMap(i -> Stream.concat(sums(i, TRAINING, training.get(i)), sums(i, HELD_OUT, heldOut.get(i))));
            return Stream.concat(totals, moments).iterator();
        }

        private Stream<Tuple2<SumKey, double[]>> sums(int unit, String split, FollowerSums sums) {
            return sums.values().entrySet().stream().map(named -> sum(unit, split + named.getKey(), named.getValue()));
        }

        private Tuple2<SumKey, double[]> sum(int unit, String name, double[] values) {
            return new Tuple2<>(new SumKey(unit, name, partition), values);
        }

        void close() {
            training.forEach(FollowerSums::close);
            heldOut.forEach(FollowerSums::close);
        }
    }
}
