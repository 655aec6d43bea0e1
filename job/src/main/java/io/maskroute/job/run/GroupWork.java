package io.maskroute.job.run;

import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.job.config.GroupOptions;
import io.maskroute.job.input.InputDataset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkExecutorInfo;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Works through a dataset. Some Spark jobs are at work at a time, in the order in which they were begun, so that no slot waits for
 * the last task of one. Tasks write files of their own; what has been written by enough of them is a group and is committed, while the
 * others go on. There is no barrier, and nothing that a task has finished is lost with its executor.
 */
final class GroupWork {
    /** What is finished is committed after this time, though it be less than a group. */
    private static final long COMMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static final long LOOK_MILLIS = 200;
    /** How long cancelled tasks may take to end before Spark is stopped all the same. */
    private static final long MOST_ENDING_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final SparkContext spark;
    private final InputDataset dataset;
    private final SegmentPartition segment;
    private final PredictionWriting writing;
    private final GroupOptions options;
    private final LostRows lost;
    private final String tag = "maskroute-" + UUID.randomUUID();
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /** Takes what belongs together, one group at a time. */
    interface Commit {
        /**
         * @param files that tasks have written
         * @param units that they were made of
         */
        void group(List<WrittenFile> files, List<RowSlice> units);
    }

    private sealed interface Event {}

    private record Finished(WrittenFile file, List<RowSlice> units) implements Event {}

    /** @param failure null when all its tasks have finished */
    private record Ended(Throwable failure) implements Event {}

    /**
     * @param writing of what {@code segment} gives
     * @param lost hears of pictures that cannot be read
     */
    GroupWork(
            SparkContext spark,
            InputDataset dataset,
            SegmentPartition segment,
            PredictionWriting writing,
            GroupOptions options,
            LostRows lost) {
        this.spark = spark;
        this.dataset = dataset;
        this.segment = segment;
        this.writing = writing;
        this.options = options;
        this.lost = lost;
    }

    /** @param left of the dataset */
    void process(Collection<RowSlice> left, Commit commit) {
        TaskPlan plan = new TaskPlan(left, dataset::isIndexed, options.pictures());
        List<Finished> finished = new ArrayList<>();
        long pictures = 0;
        long committed = System.nanoTime();
        int begun = 0;
        int atWork = 0;
        Ending.working();
        try {
            while (atWork > 0 || !plan.isEmpty()) {
                if (Ending.hasBegun()) {
                    end(atWork);
                    takeFinished(finished);
                    if (!finished.isEmpty()) {
                        commit(finished, commit);
                    }
                    throw new Ending.EndedException("ended by a signal");
                }
                while (atWork < options.inFlight() && !plan.isEmpty()) {
                    begin(plan.next(Slots.of(spark)), begun++);
                    atWork++;
                }
                Event event = events.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                if (event instanceof Ended ended) {
                    atWork--;
                    if (ended.failure() != null) {
                        takeFinished(finished);
                        if (!finished.isEmpty()) {
                            commit(finished, commit);
                        }
                        throw rethrown(ended.failure());
                    }
                } else if (event instanceof Finished task) {
                    finished.add(task);
                    pictures += task.units().stream().mapToLong(RowSlice::count).sum();
                }
                boolean all = atWork == 0 && plan.isEmpty();
                boolean late = System.nanoTime() - committed > COMMIT_NANOS;
                if (!finished.isEmpty() && (all || late || pictures >= plan.groupPictures(Slots.of(spark)))) {
                    commit(finished, commit);
                    pictures = 0;
                    committed = System.nanoTime();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the tasks were at work", e);
        } finally {
            end(atWork);
        }
    }

    /** What other jobs have finished is worth keeping when one has failed. */
    private void takeFinished(List<Finished> finished) {
        for (Event event = events.poll(); event != null; event = events.poll()) {
            if (event instanceof Finished task) {
                finished.add(task);
            }
        }
    }

    private void commit(List<Finished> finished, Commit commit) {
        List<WrittenFile> files = finished.stream()
                .map(Finished::file)
                .filter(file -> file.rows() > 0)
                .toList();
        List<RowSlice> units = lost.readable(
                finished.stream().flatMap(task -> task.units().stream()).toList());
        finished.clear();
        if (!units.isEmpty()) {
            commit.group(files, units);
        }
    }

    private void begin(TaskPlan.Job job, int number) {
        Thread thread = new Thread(
                () -> {
                    try {
                        run(job, number);
                        events.add(new Ended(null));
                    } catch (Throwable e) {
                        // Scala declares nothing, and whatever it is, the run must hear of it.
                        events.add(new Ended(e));
                    }
                },
                "maskroute-job-" + number);
        thread.setDaemon(true);
        thread.start();
    }

    private void run(TaskPlan.Job job, int number) {
        spark.addJobTag(tag);
        SparkSteps.named(spark, "segment group " + number + " of " + dataset.path(), () -> {
            JavaRDD<Row> pictures = job.rowGroups().isEmpty()
                    ? dataset.pictures(job.tasks(), lost)
                    : SharedRowGroups.deal(dataset, job, lost);
            PredictionWriting named = writing.named(String.format(Locale.ROOT, "%05d", number));
            JavaRDD<WrittenFile> files = pictures.mapPartitions(segment::call).mapPartitionsWithIndex(named, false);
            Set<Integer> heard = new HashSet<>();
            Tasks.run(spark, files, (task, file) -> {
                if (!heard.add(task)) {
                    throw new IllegalStateException("task " + task + " has ended twice");
                }
                events.add(new Finished(file, job.tasks().get(task)));
            });
            return null;
        });
    }

    /** Results of tasks as they come in, each heard once. */
    private static final class Tasks {
        private static final ClassTag<WrittenFile> RESULT = ClassTag$.MODULE$.apply(WrittenFile.class);

        interface Heard {
            void of(int task, WrittenFile file);
        }

        static void run(SparkContext spark, JavaRDD<WrittenFile> files, Heard heard) {
            spark.runJob(
                    files.rdd(),
                    new Only(),
                    new AbstractFunction2<Object, WrittenFile, BoxedUnit>() {
                        @Override
                        public BoxedUnit apply(Object task, WrittenFile file) {
                            heard.of((Integer) task, file);
                            return BoxedUnit.UNIT;
                        }
                    },
                    RESULT);
        }

        private static final class Only extends AbstractFunction1<Iterator<WrittenFile>, WrittenFile>
                implements java.io.Serializable {
            private static final long serialVersionUID = 1;

            @Override
            public WrittenFile apply(Iterator<WrittenFile> files) {
                return files.next();
            }
        }
    }

    /** When something has failed, jobs are still at work. */
    private void end(int atWork) {
        if (atWork == 0) {
            return;
        }
        spark.cancelJobsWithTag(tag);
        // A task that ends while Spark stops is one that Spark complains of, with a stack trace.
        long start = System.nanoTime();
        while (runningTasks() > 0 && System.nanoTime() - start < MOST_ENDING_NANOS) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
        }
    }

    private int runningTasks() {
        return Arrays.stream(spark.statusTracker().getExecutorInfos())
                .mapToInt(SparkExecutorInfo::numRunningTasks)
                .sum();
    }

    private static RuntimeException rethrown(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return SparkFailures.explained((Exception) failure);
    }
}
