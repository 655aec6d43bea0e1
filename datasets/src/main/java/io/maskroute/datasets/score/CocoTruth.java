package io.maskroute.datasets.score;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.coco.Segmentation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** An {@code instances.json} as scoring needs it: everything in it belongs together, or it is refused. */
final class CocoTruth {
    private final SortedMap<Long, Size> images = new TreeMap<>();
    private final SortedSet<Long> categories = new TreeSet<>();
    private final Map<Long, List<Annotation>> annotations = new HashMap<>();
    private long size;

    private CocoTruth() {}

    /** In pixels; 0 where the file does not say. */
    record Size(long height, long width) {}

    /** @param index in the file */
    record Annotation(long index, long id, long category, double area, boolean crowd, Segmentation mask) {}

    /** @throws UnusableInputException when it is not of this form, or an id is unknown or there twice */
    static CocoTruth read(Path file) {
        CocoTruth truth = new CocoTruth();
        JsonSource.read(file, truth::read);
        return truth;
    }

    private void read(JsonSource json) throws IOException {
        Set<Long> ids = new HashSet<>();
        Map<Long, String> imagesNamed = new HashMap<>();
        Map<Long, String> categoriesNamed = new HashMap<>();
        json.topObject(
                "is no instances file in COCO's layout, an object with the lists images, annotations and categories",
                name -> {
                    switch (name) {
                        case "images" -> json.entries(name, () -> image(json));
                        case "categories" -> json.entries(name, () -> category(json));
                        case "annotations" -> json.entries(
                                name, () -> annotation(json, ids, imagesNamed, categoriesNamed));
                        default -> json.skip();
                    }
                },
                "images",
                "annotations",
                "categories");
        requireKnown(imagesNamed, images.keySet(), "image");
        requireKnown(categoriesNamed, categories, "category");
    }

    /** @param named each id with the place that named it first */
    private static void requireKnown(Map<Long, String> named, Set<Long> known, String what) {
        named.keySet().stream()
                .filter(id -> !known.contains(id))
                .min(Long::compare)
                .ifPresent(id -> {
                    throw new UnusableInputException(named.get(id) + ": the file has no " + what + " " + id);
                });
    }

    private void image(JsonSource json) throws IOException {
        var read = new Object() {
            Long id;
            long height;
            long width;
        };
        json.fields(name -> {
            switch (name) {
                case "id" -> read.id = json.integer(name);
                case "height" -> read.height = json.integer(name);
                case "width" -> read.width = json.integer(name);
                default -> json.skip();
            }
        });
        if (images.put(json.require(read.id, "id"), new Size(read.height, read.width)) != null) {
            throw json.bad("image " + read.id + " is there twice");
        }
    }

    private void category(JsonSource json) throws IOException {
        var read = new Object() {
            Long id;
        };
        json.fields(name -> {
            if (name.equals("id")) {
                read.id = json.integer(name);
            } else {
                json.skip();
            }
        });
        if (!categories.add(json.require(read.id, "id"))) {
            throw json.bad("category " + read.id + " is there twice");
        }
    }

    private void annotation(
            JsonSource json, Set<Long> ids, Map<Long, String> imagesNamed, Map<Long, String> categoriesNamed)
            throws IOException {
        var read = new Object() {
            Long id;
            Long image;
            Long category;
            Double area;
            boolean crowd;
            Segmentation mask;
        };
        json.fields(name -> {
            switch (name) {
                case "id" -> read.id = json.integer(name);
                case "image_id" -> read.image = json.integer(name);
                case "category_id" -> read.category = json.integer(name);
                case "area" -> read.area = json.number(name);
                case "iscrowd" -> read.crowd = json.flag(name);
                case "segmentation" -> read.mask = json.segmentation(name);
                default -> json.skip();
            }
        });
        long id = json.require(read.id, "id");
        if (!ids.add(id)) {
            throw json.bad("annotation " + id + " is there twice");
        }
        long image = json.require(read.image, "image_id");
        long category = json.require(read.category, "category_id");
        imagesNamed.computeIfAbsent(image, unknown -> json.where());
        categoriesNamed.computeIfAbsent(category, unknown -> json.where());
        annotations
                .computeIfAbsent(image, unknown -> new ArrayList<>())
                .add(new Annotation(
                        json.index(),
                        id,
                        category,
                        json.require(read.area, "area, which says whether an object is small, medium or large"),
                        read.crowd,
                        json.require(read.mask, "segmentation")));
        size++;
    }

    /** By id. */
    SortedMap<Long, Size> images() {
        return images;
    }

    /** Their ids. */
    SortedSet<Long> categories() {
        return categories;
    }

    /** In the order of the file. */
    List<Annotation> annotations(long image) {
        return annotations.getOrDefault(image, List.of());
    }

    /** Number of annotations. */
    long size() {
        return size;
    }
}
