package io.maskroute.job.run;

import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.LongAccumulator;

/** A task of a run: image rows in, one prediction row per prompt out, in order, counted for the progress line. */
record SegmentPartition(SegmentTask task, LongAccumulator ok, LongAccumulator failed)
        implements MapPartitionsFunction<Row, Row> {

    @Override
    public Iterator<Row> call(Iterator<Row> images) throws Exception {
        Iterator<SegmentTask.Answered<Row>> pictures = task.run(images, Function.identity());
        return new Iterator<>() {
            private Iterator<Row> ready = Collections.emptyIterator();

            @Override
            public boolean hasNext() {
                while (!ready.hasNext() && pictures.hasNext()) {
                    SegmentTask.Answered<Row> picture = pictures.next();
                    failed.add(picture.failed());
                    ok.add(picture.predictions().size() - picture.failed());
                    ready = picture.predictions().iterator();
                }
                return ready.hasNext();
            }

            @Override
            public Row next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return ready.next();
            }
        };
    }
}
