package io.maskroute.datasets.refcoco;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.pickle.PickleLimits;
import io.maskroute.core.pickle.PickleReader;
import io.maskroute.datasets.coco.CocoInstances;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.writer.DatasetWriter;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.HashedInput;
import io.maskroute.datasets.writer.PlannedImage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * Official RefCOCO, RefCOCO+ or RefCOCOg files to a maskroute dataset.
 *
 * <p>One row per image, in ascending COCO image id; its prompts in the order of the refs file. {@code image_id} is the COCO
 * image id in decimal. {@code prompt_id} is {@code NAME-SPLIT-REFID-SENTID}, or {@code NAME-SPLIT-REFID} when the sentences
 * of a ref are joined, such as {@code refcoco-unc-val-48210-137502}: ref ids are unique in a refs file and sentence ids in
 * their ref, so it is unique, and it does not change from import to import. {@code texts} holds the field {@code sent}.
 */
public final class RefcocoImport {
    private static final Pattern REFS_FILE = Pattern.compile("refs\\((.+)\\)\\.p");

    private final String refs;
    private final String instances;
    private final String images;
    private final String split;
    private final Protocol protocol;
    private final GroundTruthRaster groundTruthRaster;
    private final ExifOrientation orientation;
    private final boolean embedImages;
    private final boolean keepEmptySentences;
    private final String output;
    private final String name;
    private final String importerVersion;

    private RefcocoImport(Builder builder) {
        Path refsPath = HadoopFiles.path(Objects.requireNonNull(builder.refs, "refs"));
        refs = builder.refs;
        instances = builder.instances != null ? builder.instances : sibling(refsPath, "instances.json");
        images = builder.images != null ? builder.images : sibling(refsPath, "..");
        split = Objects.requireNonNull(builder.split, "split");
        output = Objects.requireNonNull(builder.output, "output");
        importerVersion = Objects.requireNonNull(builder.importerVersion, "importerVersion");
        protocol = builder.protocol;
        groundTruthRaster = builder.groundTruthRaster;
        orientation = builder.orientation;
        embedImages = builder.embedImages;
        keepEmptySentences = builder.keepEmptySentences;
        name = builder.name != null ? builder.name : nameOf(refsPath);
    }

    public static Builder builder() {
        return new Builder();
    }

    /**
     * Runs the import: metadata on the driver, image files in Spark tasks.
     *
     * @throws UnusableInputException when a file cannot be used, nothing is left to be written, or the output is there
     *     already; nothing half-written remains
     */
    public ImportSummary run(SparkSession spark) {
        DatasetWriter writer = new DatasetWriter(spark, output, embedImages);
        Configuration hadoop = spark.sessionState().newHadoopConf();
        Findings findings = new Findings();

        PickledRefs pickled = readRefs(findings, hadoop);
        List<Ref> selected = pickled.refs();
        CocoInstances coco = readInstances(selected, findings, hadoop);
        List<RefPlan.Image> planned = new RefPlan(coco, name, protocol, groundTruthRaster, findings).plan(selected);
        requireSome(planned.size(), findings);

        ImageFolder folder = ImageFolder.find(
                images, planned.stream().map(image -> image.coco().fileName()).toList(), hadoop);
        List<PlannedImage> rows =
                planned.stream().map(image -> row(image, folder, coco)).toList();
        DatasetWriter.Checked checked = writer.check(rows, orientation, findings);
        Map<String, Integer> refsOf = planned.stream()
                .collect(Collectors.toMap(image -> Long.toString(image.coco().id()), RefPlan.Image::refs));
        for (DatasetWriter.Rejected rejected : checked.rejected()) {
            for (int i = 0; i < refsOf.get(rejected.image().imageId()); i++) {
                findings.skip(rejected.problem());
            }
        }
        requireSome(checked.images().size(), findings);

        long refCount = 0;
        long promptCount = 0;
        for (PlannedImage image : checked.images()) {
            refCount += refsOf.get(image.imageId());
            promptCount += image.prompts().size();
        }
        DatasetManifest.Counts counts = new DatasetManifest.Counts(
                checked.images().size(), refCount, promptCount, findings.skipped(), findings.notes());
        int files = writer.write(checked, manifest(coco, counts, List.of(pickled.source(), coco.source())));
        return new ImportSummary(
                output,
                name,
                split,
                protocol,
                groundTruthRaster,
                counts.images(),
                refCount,
                promptCount,
                files,
                counts.skipped(),
                counts.notes(),
                embedImages ? null : folder.path(),
                findings.lines());
    }

    private record PickledRefs(List<Ref> refs, DatasetManifest.SourceFile source) {}

    private PickledRefs readRefs(Findings findings, Configuration hadoop) {
        try (HashedInput in = HashedInput.open(refs, "refs file", hadoop)) {
            Object pickled = PickleReader.read(refs, in, PickleLimits.DEFAULT);
            return new PickledRefs(
                    RefsFile.select(pickled, refs, split, keepEmptySentences, findings), in.sourceFile());
        } catch (IOException e) {
            throw new UnusableInputException("The refs file " + refs + " cannot be read: " + Reason.of(e), e);
        }
    }

    private CocoInstances readInstances(List<Ref> selected, Findings findings, Configuration hadoop) {
        Set<Long> wantedImages = selected.stream().map(Ref::imageId).collect(Collectors.toSet());
        Set<Long> wantedAnnotations = selected.stream().map(Ref::annId).collect(Collectors.toSet());
        return CocoInstances.read(instances, wantedImages::contains, wantedAnnotations::contains, findings, hadoop);
    }

    private static PlannedImage row(RefPlan.Image image, ImageFolder folder, CocoInstances coco) {
        return new PlannedImage(
                Long.toString(image.coco().id()),
                folder.uriOf(image.coco().fileName()),
                image.coco().height(),
                image.coco().width(),
                image.prompts(),
                image.split(),
                image.coco().url(),
                image.coco().licence() == null
                        ? null
                        : coco.licences().get(image.coco().licence()));
    }

    private void requireSome(int images, Findings findings) {
        if (images == 0) {
            throw new UnusableInputException("Nothing of the split '" + split + "' of " + refs + " can be imported: "
                    + String.join("; ", findings.lines()));
        }
    }

    private DatasetManifest manifest(
            CocoInstances coco, DatasetManifest.Counts counts, List<DatasetManifest.SourceFile> sources) {
        List<DatasetManifest.Category> categories = coco.categories().values().stream()
                .filter(category -> category.id() == (int) category.id())
                .map(category -> new DatasetManifest.Category((int) category.id(), category.name(), true))
                .toList();
        return new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                name,
                split,
                protocol,
                groundTruthRaster,
                orientation,
                categories.isEmpty() ? Map.of() : Map.of("categories", categories),
                importerVersion,
                counts,
                sources);
    }

    private static String sibling(Path file, String name) {
        Path folder = file.getParent() == null ? new Path(".") : file.getParent();
        return new Path(folder, name).toString();
    }

    private static String nameOf(Path refs) {
        Matcher official = REFS_FILE.matcher(refs.getName());
        String last = official.matches() ? official.group(1) : refs.getName().replaceFirst("\\.[^.]*$", "");
        String folder = refs.getParent() == null ? "" : refs.getParent().getName();
        return folder.isEmpty() ? last : folder + "-" + last;
    }

    /** Options; {@code refs}, {@code split}, {@code output} and {@code importerVersion} are required. */
    public static final class Builder {
        private String refs;
        private String instances;
        private String images;
        private String split;
        private Protocol protocol = Protocol.PER_EXPRESSION;
        private GroundTruthRaster groundTruthRaster = GroundTruthRaster.COCO;
        private ExifOrientation orientation = ExifOrientation.STORED;
        private boolean embedImages = true;
        private boolean keepEmptySentences;
        private String output;
        private String name;
        private String importerVersion;

        private Builder() {}

        /** {@code refs(*).p}; paths and URIs are Hadoop's, so hdfs:// and s3a:// do as well. */
        public Builder refs(String file) {
            refs = file;
            return this;
        }

        /** Default: {@code instances.json} beside the refs file. */
        public Builder instances(String file) {
            instances = file;
            return this;
        }

        /** The folder of the images or one above it in a published layout; default: the folder above the refs file's. */
        public Builder images(String folder) {
            images = folder;
            return this;
        }

        /** A label of the refs file, or {@code all}. */
        public Builder split(String label) {
            split = label;
            return this;
        }

        /** Default: per expression. */
        public Builder protocol(Protocol protocol) {
            this.protocol = Objects.requireNonNull(protocol);
            return this;
        }

        /** Default: COCO's. */
        public Builder groundTruthRaster(GroundTruthRaster rule) {
            groundTruthRaster = Objects.requireNonNull(rule);
            return this;
        }

        /** Default: as stored, for COCO's annotations lie on the stored pixels. To apply it turns them with their picture. */
        public Builder orientation(ExifOrientation orientation) {
            this.orientation = Objects.requireNonNull(orientation);
            return this;
        }

        /** Whether rows hold the image's bytes (default) or its URI. */
        public Builder embedImages(boolean embed) {
            embedImages = embed;
            return this;
        }

        /** Whether sentences without words stay in the dataset, where they fail; default: no, they are left out and counted. */
        public Builder keepEmptySentences(boolean keep) {
            keepEmptySentences = keep;
            return this;
        }

        /** Folder to be made. */
        public Builder output(String folder) {
            output = folder;
            return this;
        }

        /** Default: folder and author of the refs file, such as {@code refcoco-unc}. */
        public Builder name(String name) {
            this.name = name;
            return this;
        }

        /** The maskroute that runs, for the manifest. */
        public Builder importerVersion(String version) {
            importerVersion = version;
            return this;
        }

        public RefcocoImport build() {
            return new RefcocoImport(this);
        }
    }
}
