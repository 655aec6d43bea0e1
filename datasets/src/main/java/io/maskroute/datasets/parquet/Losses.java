package io.maskroute.datasets.parquet;

import java.io.Serializable;

/** Hears of rows that cannot be read; without one, the first of them ends the reading. */
public interface Losses extends Serializable {
    /**
     * @param rows that are passed over
     * @param reason file, place, cause and remedy, as {@link UnreadableFileException} says them
     */
    void add(RowSlice rows, String reason);

    /** Passes over without a word; for reading that another one, which is heard of, goes along with. */
    static Losses ignored() {
        return (rows, reason) -> {};
    }
}
