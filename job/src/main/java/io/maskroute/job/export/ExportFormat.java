package io.maskroute.job.export;

import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/** One kind of files that predictions can become. */
public interface ExportFormat {
    /** What it is called on the command line. */
    String name();

    /** One sentence: what comes out. */
    String description();

    /** The one option that it has beside those of all, if it has any. */
    default Optional<Choice> choice() {
        return Optional.empty();
    }

    /** Whether it needs the encoded pictures. */
    default boolean readsPictures() {
        return false;
    }

    /**
     * What is made of a run.
     *
     * @param chosen value of {@link #choice}; null where there is none
     * @param pictures reads the run's pictures
     */
    Writer writer(String chosen, PictureReader pictures);

    /** @param fallback its value where it is not given */
    record Choice(String option, String description, List<String> values, String fallback) {}

    /** Writes pictures, one after the other, in tasks. */
    interface Writer extends Serializable {
        /** The files that are strung together of what {@link #write} adds to parts; none where each picture has its own. */
        default List<JoinedFile> files(Catalogue classes) {
            return List.of();
        }

        /**
         * @param numbers of this picture and its first mask
         * @param output takes files and entries
         */
        void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output) throws IOException;
    }

    /**
     * Numbers that are the same however the work was divided.
     *
     * @param picture the picture's id where the ids of all are whole numbers, else its place in the order of ids, from 1
     * @param mask of the first mask with pixels, from 1; the others follow
     */
    record Numbers(long picture, long mask) {}
}
