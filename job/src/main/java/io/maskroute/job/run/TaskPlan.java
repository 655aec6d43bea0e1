package io.maskroute.job.run;

import io.maskroute.datasets.parquet.RowSlice;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * Cuts what is left of a dataset into Spark jobs and these into tasks of about as many pictures each. How many that are depends on
 * the slots that there are when a job is cut: executors come and go.
 */
final class TaskPlan {
    /** Of more, a task that is lost would cost too much. */
    private static final long MOST_PICTURES = 64;
    /** At the end of a run all slots are busy until it is all but over. */
    private static final long TASKS_PER_SLOT = 16;
    /** Fewer pay for the planning of a job. */
    private static final long JOB_TASKS_PER_SLOT = 8;

    private final Deque<RowSlice> left;
    private final Predicate<RowSlice> indexed;
    private final OptionalLong groupPictures;
    private long pictures;

    /**
     * @param left of the dataset, in order
     * @param indexed whether parts of a slice can be read without the rest of its row group
     * @param groupPictures that are committed together, if that is set
     */
    TaskPlan(Collection<RowSlice> left, Predicate<RowSlice> indexed, OptionalLong groupPictures) {
        this.indexed = indexed;
        this.left = new ArrayDeque<>(left);
        this.groupPictures = groupPictures;
        this.pictures = left.stream().mapToLong(RowSlice::count).sum();
    }

    /**
     * A Spark job.
     *
     * @param tasks each with its pictures
     * @param rowGroups the slices that the tasks are parts of, when they share some so large that each task reading its own part
     *     would read the whole over and over; else empty: then each task reads its slices itself
     */
    record Job(List<List<RowSlice>> tasks, List<RowSlice> rowGroups) {}

    boolean isEmpty() {
        return left.isEmpty();
    }

    /** Pictures that are committed together. */
    long groupPictures(int slots) {
        return groupPictures.orElse(TASKS_PER_SLOT * slots * taskPictures(slots));
    }

    private long taskPictures(int slots) {
        long even = (pictures + TASKS_PER_SLOT * slots - 1) / (TASKS_PER_SLOT * slots);
        return Math.max(1, Math.min(Math.min(even, MOST_PICTURES), groupPictures.orElse(MOST_PICTURES)));
    }

    /** @param slots of tasks in the cluster, now */
    Job next(int slots) {
        long perTask = taskPictures(slots);
        long most = JOB_TASKS_PER_SLOT * slots * perTask;
        List<RowSlice> slices = new ArrayList<>();
        long taken = 0;
        while (!left.isEmpty() && (slices.isEmpty() || taken + left.peek().count() <= most)) {
            RowSlice slice = left.remove();
            slices.add(slice);
            taken += slice.count();
        }
        boolean shared = slices.stream().anyMatch(slice -> slice.count() > 2 * perTask && !indexed.test(slice));
        return new Job(tasks(slices, perTask), shared ? slices : List.of());
    }

    private static List<List<RowSlice>> tasks(List<RowSlice> slices, long perTask) {
        List<List<RowSlice>> tasks = new ArrayList<>();
        List<RowSlice> task = new ArrayList<>();
        long size = 0;
        for (RowSlice slice : slices) {
            // Whole, if it is about a task's worth: what is cut is read more than once.
            long part = slice.count() > 2 * perTask ? perTask : slice.count();
            for (long first = 0; first < slice.count(); first += part) {
                long count = Math.min(part, slice.count() - first);
                if (size > 0 && size + count > Math.max(perTask, part)) {
                    tasks.add(task);
                    task = new ArrayList<>();
                    size = 0;
                }
                task.add(new RowSlice(slice.file(), slice.rowGroup(), slice.first() + first, count));
                size += count;
            }
        }
        if (!task.isEmpty()) {
            tasks.add(task);
        }
        return tasks;
    }
}
