package io.maskroute.job.export;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * The classes of an export, by their ids: those of the dataset's vocabularies, and {@value #OBJECT} for masks without a class, which
 * has the id 1 unless a class has.
 *
 * @param places of classes in their vocabulary, from 0, by their ids; null where two vocabularies have one at different places
 * @param object the id of masks without a class; null if there are none
 */
record Catalogue(TreeMap<Integer, Entry> classes, TreeMap<Integer, Integer> places, Integer object)
        implements Serializable {
    private static final String OBJECT = "object";

    record Entry(String name, boolean isThing) implements Serializable {}

    /**
     * @param used vocabularies that prompts name
     * @param withoutClass whether some mask has no class
     * @throws UnusableInputException when two vocabularies give an id to different classes
     */
    static Catalogue of(DatasetManifest dataset, Set<String> used, boolean withoutClass) {
        TreeMap<Integer, Entry> classes = new TreeMap<>();
        TreeMap<Integer, Integer> places = new TreeMap<>();
        for (String set : used) {
            int place = 0;
            for (DatasetManifest.Category each : dataset.classSets().getOrDefault(set, List.of())) {
                boolean elsewhere = places.containsKey(each.id()) && !Objects.equals(places.get(each.id()), place);
                places.put(each.id(), elsewhere ? null : Integer.valueOf(place));
                place++;
                Entry entry = new Entry(each.name(), each.isThing());
                Entry before = classes.putIfAbsent(each.id(), entry);
                if (before != null && !before.name().equals(entry.name())) {
                    throw new UnusableInputException("the class sets " + String.join(", ", used) + " of the dataset "
                            + dataset.name() + " give the id " + each.id() + " to " + before.name() + " and to "
                            + entry.name() + ": these formats know an id once, so export runs over one of them");
                }
            }
        }
        Integer object = null;
        if (withoutClass || classes.isEmpty()) {
            object = classes.containsKey(1) ? classes.lastKey() + 1 : 1;
            classes.put(object, new Entry(OBJECT, true));
        }
        return new Catalogue(classes, places, object);
    }

    int id(ExportedMask mask) {
        return mask.category() == null ? object : mask.category();
    }

    /**
     * A class by its place in its vocabulary, from 0, as label maps of semantic segmentation have it.
     *
     * @throws UnusableInputException when it has none, or more than one
     */
    int place(ExportedMask mask) {
        Integer place = mask.category() == null ? null : places.get(mask.category());
        if (place == null) {
            throw new UnusableInputException("the class " + mask.category()
                    + " has no place of its own in the class sets of the dataset, so no label map can name it:"
                    + " export runs over one class set");
        }
        return place;
    }

    /** COCO's list {@code categories}. */
    List<Map<String, Object>> entries() {
        return classes.entrySet().stream()
                .map(each -> {
                    Map<String, Object> entry = new LinkedHashMap<>();
                    entry.put("id", each.getKey());
                    entry.put("name", each.getValue().name());
                    entry.put("supercategory", "");
                    entry.put("isthing", each.getValue().isThing() ? 1 : 0);
                    return entry;
                })
                .toList();
    }
}
