package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.RowSlice;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TaskPlanTest {
    private static DataFile file(int number) {
        return new DataFile("file:/d/" + number + ".parquet", 1000, number);
    }

    static LongStream seeds() {
        return LongStream.rangeClosed(1, 40);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyPictureIsInOneTask(long seed) {
        Random random = new Random(seed);
        List<RowSlice> left = new ArrayList<>();
        for (int i = 0; i < 1 + random.nextInt(40); i++) {
            long most = random.nextBoolean() ? 30 : 5000;
            left.add(new RowSlice(file(i / 3), i % 3, random.nextInt(5), 1 + random.nextLong(most)));
        }
        boolean indexed = random.nextBoolean();
        OptionalLong group = random.nextBoolean() ? OptionalLong.empty() : OptionalLong.of(1 + random.nextInt(300));
        TaskPlan plan = new TaskPlan(left, slice -> indexed, group);

        List<RowSlice> planned = new ArrayList<>();
        while (!plan.isEmpty()) {
            TaskPlan.Job job = plan.next(1 + random.nextInt(50));
            List<RowSlice> of = job.tasks().stream().flatMap(List::stream).toList();
            assertThat(job.tasks()).isNotEmpty().noneMatch(List::isEmpty);
            if (indexed) {
                assertThat(job.rowGroups()).isEmpty();
            }
            if (!job.rowGroups().isEmpty()) {
                assertThat(joined(of)).isEqualTo(job.rowGroups());
            }
            planned.addAll(of);
        }

        assertThat(joined(planned)).isEqualTo(left);
    }

    /** Parts that follow one another in one. */
    private static List<RowSlice> joined(List<RowSlice> parts) {
        List<RowSlice> joined = new ArrayList<>();
        for (RowSlice part : parts) {
            RowSlice last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (last != null
                    && last.file().equals(part.file())
                    && last.rowGroup() == part.rowGroup()
                    && last.first() + last.count() == part.first()) {
                joined.set(
                        joined.size() - 1,
                        new RowSlice(last.file(), last.rowGroup(), last.first(), last.count() + part.count()));
            } else {
                joined.add(part);
            }
        }
        return joined;
    }

    /** One file with one row group, as pyarrow writes by default, or many small ones: all slots get their share. */
    @ParameterizedTest
    @CsvSource({
        "1500, 1, 8, 94",
        "1500, 100, 8, 94",
        "1500, 1500, 8, 94",
        "300, 1, 2, 20",
        "12, 1, 2, 12",
        "100000, 1, 64, 64",
    })
    void tasksAreOfAboutTheSameSizeHoweverTheFilesAreCut(int pictures, int rowGroups, int slots, int leastTasks) {
        List<RowSlice> left = new ArrayList<>();
        for (int i = 0; i < rowGroups; i++) {
            left.add(new RowSlice(file(0), i, 0, pictures / rowGroups));
        }
        TaskPlan plan = new TaskPlan(left, slice -> true, OptionalLong.empty());
        List<Long> sizes = new ArrayList<>();
        while (!plan.isEmpty()) {
            plan.next(slots)
                    .tasks()
                    .forEach(task ->
                            sizes.add(task.stream().mapToLong(RowSlice::count).sum()));
        }

        assertThat(sizes).hasSizeGreaterThanOrEqualTo(leastTasks);
        long largest = sizes.stream().mapToLong(Long::longValue).max().orElseThrow();
        assertThat(largest).isLessThanOrEqualTo(Math.max(64, 2));
        assertThat(largest).isLessThanOrEqualTo(Math.max(1, (pictures + 8L * slots - 1) / (8L * slots)));
    }
}
