package io.maskroute.job.run;

import io.maskroute.datasets.parquet.Losses;
import io.maskroute.datasets.parquet.RowSlice;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.util.CollectionAccumulator;

/**
 * Rows of the dataset that no task could read. The driver hears of them before it hears of the end of the task; of some it hears more
 * than once, when a task runs again.
 */
final class LostRows implements Losses {
    private static final long serialVersionUID = 1;

    private final CollectionAccumulator<Loss> found;

    /** @param rows that are lost for a reason */
    record Loss(RowSlice rows, String reason) implements Serializable {}

    LostRows(SparkContext spark) {
        found = new CollectionAccumulator<>();
        spark.register(found, "rows lost");
    }

    @Override
    public void add(RowSlice rows, String reason) {
        found.add(new Loss(rows, reason));
    }

    /** Each row once, in order; losses that follow one another for one reason in one. */
    List<Loss> all() {
        List<Loss> sorted = new ArrayList<>(found.value());
        sorted.sort(Comparator.comparing((Loss loss) -> loss.rows().file().path())
                .thenComparingInt(loss -> loss.rows().rowGroup())
                .thenComparingLong(loss -> loss.rows().first()));
        List<Loss> all = new ArrayList<>();
        for (Loss loss : sorted) {
            RowSlice rows = loss.rows();
            Loss last = all.isEmpty() ? null : all.get(all.size() - 1);
            if (last != null
                    && last.rows().file().equals(rows.file())
                    && last.rows().rowGroup() == rows.rowGroup()
                    && last.rows().first() + last.rows().count() >= rows.first()) {
                long end = Math.max(last.rows().first() + last.rows().count(), rows.first() + rows.count());
                all.set(
                        all.size() - 1,
                        new Loss(
                                new RowSlice(
                                        rows.file(),
                                        rows.rowGroup(),
                                        last.rows().first(),
                                        end - last.rows().first()),
                                last.reason()));
            } else {
                all.add(loss);
            }
        }
        return all;
    }

    /** What is left of some slices without the rows that are lost. */
    List<RowSlice> readable(List<RowSlice> slices) {
        List<Loss> lost = all();
        if (lost.isEmpty()) {
            return slices;
        }
        List<RowSlice> readable = new ArrayList<>();
        for (RowSlice slice : slices) {
            long from = slice.first();
            long end = slice.first() + slice.count();
            for (Loss loss : lost) {
                RowSlice gone = loss.rows();
                if (gone.file().equals(slice.file()) && gone.rowGroup() == slice.rowGroup()) {
                    add(readable, slice, from, Math.min(end, gone.first()));
                    from = Math.max(from, gone.first() + gone.count());
                }
            }
            add(readable, slice, from, end);
        }
        return readable;
    }

    private static void add(List<RowSlice> to, RowSlice of, long from, long end) {
        if (from < end) {
            to.add(new RowSlice(of.file(), of.rowGroup(), from, end - from));
        }
    }
}
