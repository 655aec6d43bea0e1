package io.maskroute.job.run;

import io.maskroute.datasets.parquet.Losses;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.job.input.InputDataset;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import scala.Tuple2;

/**
 * Pictures of large row groups, dealt out to the tasks whose parts of them they are. Parquet is read a row group at a time, so each
 * is read once and its rows go through a shuffle, before the model.
 */
final class SharedRowGroups {
    private SharedRowGroups() {}

    static JavaRDD<Row> deal(InputDataset dataset, TaskPlan.Job job, Losses losses) {
        List<List<RowSlice>> sources = job.rowGroups().stream().map(List::of).toList();
        List<List<Part>> parts = parts(job);
        JavaPairRDD<Integer, Row> dealt = JavaPairRDD.fromJavaRDD(dataset.pictures(sources, losses)
                .mapPartitionsWithIndex((source, rows) -> new Dealing(parts.get(source), rows), false));
        return dealt.partitionBy(new ByNumber(job.tasks().size())).values();
    }

    /**
     * The end of a part of a source.
     *
     * @param end row of the source behind the last of this part
     * @param task that the part belongs to
     */
    private record Part(long end, int task) implements Serializable {}

    /** For each source its parts, in order. */
    private static List<List<Part>> parts(TaskPlan.Job job) {
        List<List<Part>> all = new ArrayList<>();
        Iterator<RowSlice> sources = job.rowGroups().iterator();
        long left = 0;
        long end = 0;
        for (int task = 0; task < job.tasks().size(); task++) {
            for (RowSlice slice : job.tasks().get(task)) {
                if (left == 0) {
                    left = sources.next().count();
                    end = 0;
                    all.add(new ArrayList<>());
                }
                end += slice.count();
                left -= slice.count();
                all.get(all.size() - 1).add(new Part(end, task));
            }
        }
        return all;
    }

    private static final class Dealing implements Iterator<Tuple2<Integer, Row>> {
        private final Iterator<Part> parts;
        private final Iterator<Row> rows;
        private Part part;
        private long row;

        Dealing(List<Part> parts, Iterator<Row> rows) {
            this.parts = parts.iterator();
            this.rows = rows;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public Tuple2<Integer, Row> next() {
            Row next = rows.next();
            while (part == null || row >= part.end()) {
                part = parts.next();
            }
            row++;
            return new Tuple2<>(part.task(), next);
        }
    }

    private static final class ByNumber extends Partitioner {
        private static final long serialVersionUID = 1;

        private final int tasks;

        ByNumber(int tasks) {
            this.tasks = tasks;
        }

        @Override
        public int numPartitions() {
            return tasks;
        }

        @Override
        public int getPartition(Object task) {
            return (Integer) task;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ByNumber that && that.tasks == tasks;
        }

        @Override
        public int hashCode() {
            return tasks;
        }
    }
}
