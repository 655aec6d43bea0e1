package io.maskroute.job.export;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import org.apache.spark.sql.Row;

/**
 * What is in the pictures of one task, or of all.
 *
 * @param pictures that have an id
 * @param masks that have a pixel
 * @param withoutClass masks that belong to no class
 * @param wholeNumbers whether the ids of all pictures are whole numbers, each written in one way
 * @param classSets that prompts name
 */
record Survey(
        long pictures,
        long prompts,
        long failed,
        long masks,
        long withoutClass,
        boolean wholeNumbers,
        TreeSet<String> classSets)
        implements Serializable {
    static final Survey NOTHING = new Survey(0, 0, 0, 0, 0, true, new TreeSet<>());

    private static final String WHOLE_NUMBER = "0|[1-9]\\d{0,17}";

    static Iterator<Survey> of(Iterator<Row> rows) {
        Survey survey = NOTHING;
        while (rows.hasNext()) {
            Row row = rows.next();
            ExportedPicture picture = ExportedPictures.read(row);
            TreeSet<String> sets = new TreeSet<>();
            ExportedPictures.classSets(row).forEach(sets::add);
            survey = survey.plus(new Survey(
                    picture.id() == null ? 0 : 1,
                    picture.prompts().size(),
                    picture.prompts().stream().filter(prompt -> !prompt.isOk()).count(),
                    masks(picture),
                    picture.prompts().stream()
                            .flatMap(prompt -> prompt.masks().stream())
                            .filter(mask -> mask.category() == null)
                            .count(),
                    picture.id() == null || picture.id().matches(WHOLE_NUMBER),
                    sets));
        }
        return List.of(survey).iterator();
    }

    static long masks(ExportedPicture picture) {
        return picture.prompts().stream()
                .flatMap(prompt -> prompt.masks().stream())
                .filter(mask -> !mask.isEmpty())
                .count();
    }

    Survey plus(Survey other) {
        TreeSet<String> sets = new TreeSet<>(classSets);
        sets.addAll(other.classSets);
        return new Survey(
                pictures + other.pictures,
                prompts + other.prompts,
                failed + other.failed,
                masks + other.masks,
                withoutClass + other.withoutClass,
                wholeNumbers && other.wholeNumbers,
                sets);
    }

    /**
     * Where the numbers of each task begin.
     *
     * @param wholeNumbers whether pictures have their ids for numbers
     */
    record Numbering(boolean wholeNumbers, List<Long> firstPictures, List<Long> firstMasks) implements Serializable {}

    /** @param tasks in order */
    static Numbering numbering(List<Survey> tasks) {
        List<Long> pictures = new ArrayList<>();
        List<Long> masks = new ArrayList<>();
        Survey before = NOTHING;
        for (Survey task : tasks) {
            pictures.add(1 + before.pictures);
            masks.add(1 + before.masks);
            before = before.plus(task);
        }
        return new Numbering(before.wholeNumbers, pictures, masks);
    }
}
