package io.maskroute.job.ml;

import io.maskroute.job.run.SegmentTask;
import java.util.Iterator;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** A task of a transformation: rows in, the same rows with their predictions out, in order. */
record SegmentRows(SegmentTask task, InputColumns columns) implements MapPartitionsFunction<Row, Row> {

    @Override
    public Iterator<Row> call(Iterator<Row> rows) throws Exception {
        int partition = TaskContext.getPartitionId();
        Iterator<SegmentTask.Answered<Row>> pictures = task.run(rows, new Function<>() {
            private long number;

            @Override
            public Row apply(Row row) {
                return columns.datasetRow(row, partition, number++);
            }
        });
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return pictures.hasNext();
            }

            @Override
            public Row next() {
                SegmentTask.Answered<Row> picture = pictures.next();
                return columns.append(picture.input(), picture.predictions());
            }
        };
    }
}
