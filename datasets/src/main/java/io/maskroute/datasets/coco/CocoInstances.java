package io.maskroute.datasets.coco;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.HashedInput;
import io.maskroute.datasets.writer.UnusableEntryException;
import java.io.IOException;
import java.util.Comparator;
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
    /** @param format that imports it */
    private record Kind(String text, String format) {}

    private static final Kind INSTANCES = new Kind("an instances", "coco-instances");
    private static final Kind PANOPTIC = new Kind("a panoptic", "coco-panoptic");

    private final Map<Long, CocoImage> images = new HashMap<>();
    private final Map<Long, UnusableEntryException> badImages = new HashMap<>();
    private final Map<Long, CocoAnnotation> annotations = new HashMap<>();
    private final Map<Long, UnusableEntryException> badAnnotations = new HashMap<>();
    private final Map<Long, Category> categories = new TreeMap<>();
    private final Map<Long, String> licences = new TreeMap<>();
    private DatasetManifest.SourceFile source;

    CocoInstances() {}

    /** The file is of another kind, or broken. */
    static final class NotCocoException extends UnusableInputException {
        private static final long serialVersionUID = 1;

        NotCocoException(String message) {
            super(message);
        }

        NotCocoException(String message, Throwable cause) {
            super(message, cause);
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
        return read(file, wantedImages, InstancesReader.kept(wantedAnnotations), INSTANCES, findings, hadoop);
    }

    /** Takes annotations one by one, in the order of the file. */
    public interface AnnotationSink {
        void add(long imageId, StoredAnnotation annotation) throws IOException;
    }

    /**
     * Reads a file of any size in memory for its images; annotations are given away as they come.
     *
     * @param findings takes entries without usable ids, and notes
     * @throws UnusableInputException when the file is not JSON in COCO's layout
     */
    public static CocoInstances stream(
            String file, AnnotationSink annotations, Findings findings, Configuration hadoop) {
        return read(file, id -> true, InstancesReader.given(annotations), INSTANCES, findings, hadoop);
    }

    /** The same of a panoptic file, whose annotations are one for each image. */
    public static CocoInstances streamPanoptic(
            String file, PanopticAnnotation.Sink annotations, Findings findings, Configuration hadoop) {
        return read(file, id -> true, PanopticAnnotation.reader(annotations, findings), PANOPTIC, findings, hadoop);
    }

    private static CocoInstances read(
            String file,
            LongPredicate wantedImages,
            InstancesReader.AnnotationReader annotations,
            Kind kind,
            Findings findings,
            Configuration hadoop) {
        try (HashedInput in = HashedInput.open(file, "instances file", hadoop)) {
            CocoInstances instances = new CocoInstances();
            new InstancesReader(file, instances, wantedImages, annotations, kind.text(), findings).read(in);
            instances.source = in.sourceFile();
            return instances;
        } catch (NotCocoException e) {
            throw new UnusableInputException(FileKind.explain(e.getMessage(), file, kind.format(), hadoop), e);
        } catch (IOException e) {
            throw new UnusableInputException("The instances file " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** The wanted images that can be used, by ascending id. */
    public List<CocoImage> images() {
        return images.values().stream()
                .sorted(Comparator.comparingLong(CocoImage::id))
                .toList();
    }

    /** Those that cannot be used, and why. */
    public Map<Long, UnusableEntryException> badImages() {
        return badImages;
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
