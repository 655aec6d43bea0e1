package io.maskroute.datasets.coco;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.HashedInput;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.apache.hadoop.conf.Configuration;

/**
 * The wanted part of an {@code instances.json}. Where an id occurs twice, the last entry counts, as in the index that
 * pycocotools builds; it is noted.
 */
public final class CocoInstances {
    private final Map<Long, CocoImage> images = new HashMap<>();
    private final Map<Long, UnusableEntryException> badImages = new HashMap<>();
    private final Map<Long, CocoAnnotation> annotations = new HashMap<>();
    private final Map<Long, UnusableEntryException> badAnnotations = new HashMap<>();
    private final Map<Long, Category> categories = new TreeMap<>();
    private final Map<Long, String> licences = new TreeMap<>();
    private DatasetManifest.SourceFile source;

    CocoInstances() {}

    /** The file is JSON of another kind. */
    static final class NotCocoException extends UnusableInputException {
        private static final long serialVersionUID = 1;

        NotCocoException(String message) {
            super(message);
        }
    }

    /** An entry of {@code categories}; where it does not say so it is a class of things. */
    public record Category(long id, String name, boolean isThing) {}

    /**
     * Reads a file of any size in memory for the wanted entries alone.
     *
     * @param file a path or a URI that Hadoop knows
     * @param wantedImages by id
     * @param wantedAnnotations by id
     * @param findings takes entries without a usable id, and notes
     * @throws UnusableInputException when the file is not JSON in COCO's layout
     */
    public static CocoInstances read(
            String file,
            LongPredicate wantedImages,
            LongPredicate wantedAnnotations,
            Findings findings,
            Configuration hadoop) {
        try (HashedInput in = HashedInput.open(file, "instances file", hadoop)) {
            CocoInstances instances = new CocoInstances();
            new InstancesReader(file, instances, wantedImages, wantedAnnotations, findings).read(in);
            instances.source = in.sourceFile();
            return instances;
        } catch (NotCocoException e) {
            throw new UnusableInputException(FileKind.explain(e.getMessage(), file, "coco-instances", hadoop), e);
        } catch (IOException e) {
            throw new UnusableInputException("The instances file " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** @throws UnusableEntryException when there is none, or it is broken */
    public CocoImage image(long id) throws UnusableEntryException {
        return get(images, badImages, id, "image");
    }

    /** @throws UnusableEntryException when there is none, or it is broken */
    public CocoAnnotation annotation(long id) throws UnusableEntryException {
        return get(annotations, badAnnotations, id, "annotation");
    }

    /** By id; all of them. */
    public Map<Long, Category> categories() {
        return categories;
    }

    /** The categories as a class set; those whose ids are no 32-bit integers are left out. */
    public List<DatasetManifest.Category> classes() {
        return categories.values().stream()
                .filter(category -> category.id() == (int) category.id())
                .map(category -> new DatasetManifest.Category((int) category.id(), category.name(), category.isThing()))
                .toList();
    }

    /** Name and address of an image's licence, or null. */
    public String licenceOf(CocoImage image) {
        return image.licence() == null ? null : licences.get(image.licence());
    }

    /** Name and address, by id; all of them. */
    public Map<Long, String> licences() {
        return licences;
    }

    /** Which file it was. */
    public DatasetManifest.SourceFile source() {
        return source;
    }

    boolean put(CocoImage image) {
        boolean known = badImages.remove(image.id()) != null;
        return images.put(image.id(), image) != null || known;
    }

    boolean putBadImage(long id, UnusableEntryException problem) {
        boolean known = images.remove(id) != null;
        return badImages.put(id, problem) != null || known;
    }

    boolean put(CocoAnnotation annotation) {
        boolean known = badAnnotations.remove(annotation.id()) != null;
        return annotations.put(annotation.id(), annotation) != null || known;
    }

    boolean putBadAnnotation(long id, UnusableEntryException problem) {
        boolean known = annotations.remove(id) != null;
        return badAnnotations.put(id, problem) != null || known;
    }

    private static <T> T get(Map<Long, T> good, Map<Long, UnusableEntryException> bad, long id, String what)
            throws UnusableEntryException {
        T entry = good.get(id);
        if (entry != null) {
            return entry;
        }
        UnusableEntryException problem = bad.get(id);
        throw problem != null
                ? problem
                : new UnusableEntryException("unknown-" + what, "there is no " + what + " " + id);
    }
}
