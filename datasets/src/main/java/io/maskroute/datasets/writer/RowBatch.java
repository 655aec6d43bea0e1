package io.maskroute.datasets.writer;

import io.maskroute.datasets.schema.ImageRow;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;

/** Rows of a dataset that are made in one Spark task. */
public interface RowBatch extends Serializable {
    /**
     * Makes the rows, one after the other, so that none but the current one is held.
     *
     * @param findings takes what is left out and what is odd
     */
    void make(Rows rows, Findings findings, Configuration hadoop) throws IOException;

    /** Where rows go. */
    interface Rows {
        /** @param targets how many of the official file's entries (refs, annotations) the row stands for */
        void add(ImageRow row, long targets) throws IOException;
    }
}
