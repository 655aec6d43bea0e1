package io.maskroute.datasets.parquet;

import java.io.Serializable;

/**
 * Rows of a file that follow one another: the unit that reading is cut into.
 *
 * @param rowGroup of the file, from 0
 * @param first row in the row group, from 0
 * @param count of rows
 */
public record RowSlice(DataFile file, int rowGroup, long first, long count) implements Serializable {}
