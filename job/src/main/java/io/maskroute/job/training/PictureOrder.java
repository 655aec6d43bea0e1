package io.maskroute.job.training;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.xxhash64;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.job.input.InputDataset;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.sql.Row;

/**
 * The rows of a dataset again and again, each time in another order, which depends on the seed and the image ids alone: not on
 * files, partitions or threads, so that a run can be continued anywhere.
 */
final class PictureOrder implements Iterator<Row> {
    private final InputDataset dataset;
    private final long seed;
    private long epoch;
    private Iterator<Row> rows = Collections.emptyIterator();

    PictureOrder(InputDataset dataset, long seed) {
        this.dataset = dataset;
        this.seed = seed;
    }

    @Override
    public boolean hasNext() {
        return true;
    }

    @Override
    public Row next() {
        if (!rows.hasNext()) {
            epoch++;
            rows = dataset.rows()
                    .orderBy(xxhash64(lit(seed), lit(epoch), col(DatasetSchema.IMAGE_ID)), col(DatasetSchema.IMAGE_ID))
                    .toLocalIterator();
            if (!rows.hasNext()) {
                throw new UnusableInputException("the dataset " + dataset.path() + " is empty");
            }
        }
        return rows.next();
    }
}
