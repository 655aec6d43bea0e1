package io.maskroute.job.cli;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.refcoco.ImportSummary;
import io.maskroute.datasets.refcoco.RefcocoImport;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.job.config.JobConfig;
import io.maskroute.job.input.ImageRoots;
import io.maskroute.job.results.Versions;
import io.maskroute.job.run.SparkSessions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "refcoco",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "RefCOCO, RefCOCO+ and RefCOCOg from refs(*).p and instances.json.")
final class ImportRefcocoCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Option(names = "--refs", required = true, paramLabel = "FILE", description = "refs(unc).p, refs(umd).p, …")
    private String refs;

    @Option(
            names = "--instances",
            paramLabel = "FILE",
            description = "instances.json; default: the one beside the refs file.")
    private String instances;

    @Option(
            names = "--images",
            paramLabel = "DIR",
            description = "Folder of the images, or one above it; default: the folder above the refs file's.")
    private String images;

    @Option(names = "--split", required = true, paramLabel = "LABEL", description = "val, testA, …, or all.")
    private String split;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Dataset folder to be made.")
    private String output;

    @Option(
            names = "--protocol",
            paramLabel = "PROTOCOL",
            defaultValue = "per-expression",
            converter = ProtocolConverter.class,
            description = "per-expression (a prompt for each sentence) or joined (one for each object, as PSALM"
                    + " evaluates); default: ${DEFAULT-VALUE}.")
    private Protocol protocol;

    @Option(
            names = "--ground-truth-raster",
            paramLabel = "RULE",
            defaultValue = "coco",
            converter = RasterConverter.class,
            description = "How polygons become pixels: coco or opencv-like; default: ${DEFAULT-VALUE}.")
    private GroundTruthRaster raster;

    @Option(
            names = "--orientation",
            paramLabel = "WHAT",
            defaultValue = "stored",
            converter = OrientationConverter.class,
            description = "What is done with the EXIF orientation of pictures: stored (none, as COCO's annotations were"
                    + " made) or apply (pictures are decoded upright, and masks turned with them); default:"
                    + " ${DEFAULT-VALUE}.")
    private ExifOrientation orientation;

    @Option(
            names = "--link-images",
            description =
                    "Store the images' URIs instead of the images; runs then need their folder in dataset.image-roots.")
    private boolean linkImages;

    @Option(
            names = "--keep-empty-sentences",
            description = "Keep sentences without words, as prompts that fail; else they are left out and counted.")
    private boolean keepEmptySentences;

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the dataset, such as refcoco-unc.")
    private String name;

    @Mixin
    private ConfigArguments configuration;

    ImportRefcocoCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        JobConfig config = configuration.load(environment.home(), Map.of());
        RefcocoImport.Builder builder = RefcocoImport.builder()
                .refs(refs)
                .split(split)
                .output(output)
                .protocol(protocol)
                .groundTruthRaster(raster)
                .orientation(orientation)
                .embedImages(!linkImages)
                .keepEmptySentences(keepEmptySentences)
                .importerVersion(Versions.maskroute());
        if (instances != null) {
            builder.instances(instances);
        }
        if (images != null) {
            builder.images(images);
        }
        if (name != null) {
            builder.name(name);
        }
        ImportSummary summary =
                SparkSessions.with(config, spark -> builder.build().run(spark));
        summary.lines().forEach(environment.out()::println);
        List<String> roots = config.runtime().imageRoots();
        if (summary.linked() != null && !roots.contains(summary.linked())) {
            environment
                    .out()
                    .println("the pictures stay where they are; commands that read them need "
                            + ImageRoots.setting(roots, summary.linked()) + " (or the same in conf/maskroute.conf)");
        }
        return Cli.DONE;
    }

    /** By label, which is what the manifest and the messages say. */
    static final class ProtocolConverter extends LabelConverter<Protocol> {
        ProtocolConverter() {
            super(Protocol.values(), Protocol::label);
        }
    }

    static final class OrientationConverter extends LabelConverter<ExifOrientation> {
        OrientationConverter() {
            super(ExifOrientation.values(), ExifOrientation::label);
        }
    }

    static final class RasterConverter extends LabelConverter<GroundTruthRaster> {
        RasterConverter() {
            super(GroundTruthRaster.values(), GroundTruthRaster::label);
        }
    }
}
