package io.maskroute.job.export;

import java.io.Serializable;
import java.util.List;

/** A file made of texts and of the entries that tasks have written. */
record JoinedFile(String name, List<Piece> pieces) implements Serializable {
    /** Part of a file. */
    sealed interface Piece extends Serializable permits Text, Entries {}

    /** Is there as it stands. */
    record Text(String text) implements Piece {}

    /**
     * All entries of one name, in order.
     *
     * @param separator between two of them
     */
    record Entries(String name, String separator) implements Piece {}

    /** Lines that end with a line break of their own. */
    static JoinedFile lines(String name, String head) {
        return new JoinedFile(name, List.of(new Text(head), new Entries(name, "")));
    }
}
