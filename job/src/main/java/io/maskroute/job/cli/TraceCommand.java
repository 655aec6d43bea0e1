package io.maskroute.job.cli;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.trace.Comparison;
import io.maskroute.core.trace.FixtureTrace;
import io.maskroute.core.trace.ModelTrace;
import io.maskroute.core.trace.Trace;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "trace",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "One forward pass with every named activation in a safetensors file, for comparing with PyTorch.")
final class TraceCommand implements Callable<Integer> {
    private final Cli.Environment environment;

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Safetensors file to be written.")
    private Path out;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "fp32", description = "fp32 or bf16; default: fp32.")
    private Dtype dtype;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description = "cpu or cuda:N; default: cpu.")
    private String device;

    @Option(
            names = "--compare",
            description =
                    "With --fixture: print the largest difference of each tensor from its expected value; exit code 2"
                            + " when one is beyond its tolerance.")
    private boolean compare;

    private static final class Source {
        @Option(
                names = "--fixture",
                required = true,
                paramLabel = "DIR",
                description = "A golden fixture, with weights, inputs and expected values of its own.")
        private Path fixture;

        @ArgGroup(exclusive = false)
        private Picture picture;
    }

    private static final class Picture {
        @Option(names = "--model", required = true, paramLabel = "DIR", description = "Model folder.")
        private Path model;

        @Option(
                names = "--routing",
                paramLabel = "SCHEDULE",
                description = "A routing.json, or a folder with routing.json and routing.safetensors; default: dense.")
        private Path routing;

        @Option(
                names = "--image",
                required = true,
                paramLabel = "FILE",
                description = "The picture; its EXIF orientation is not applied.")
        private Path image;

        @Option(
                names = "--task",
                paramLabel = "TASK",
                defaultValue = "referring",
                description = "referring, panoptic, instance, semantic or region; default: referring.")
        private String task;

        @Option(
                names = "--text",
                arity = "1..*",
                paramLabel = "SENTENCE",
                description = "Referring: what to segment; several sentences are joined into one prompt.")
        private List<String> text = List.of();

        @Option(
                names = "--classes",
                paramLabel = "FILE",
                description =
                        "Panoptic, instance, semantic: a JSON list of {id, name, is_thing} as in _maskroute.json, or"
                                + " a text file with a name a line.")
        private Path classes;

        @Option(
                names = "--region",
                paramLabel = "KIND:x,y,…",
                description =
                        "Region: point:x,y, box:x,y,width,height or scribble:x,y,x,y,… in pixels of the picture; may be"
                                + " given several times.")
        private List<String> regions = List.of();
    }

    TraceCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws IOException {
        requirePrompt();
        if (compare && source.fixture == null) {
            throw new ParameterException(
                    spec.commandLine(), "--compare needs --fixture: only a fixture has expected values");
        }
        Path folder = out.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new UnusableInputException(folder + " is no folder, so " + out + " cannot be written; make it first");
        }
        Trace trace = source.fixture == null ? ofPicture(source.picture) : ofFixture(source.fixture);
        write(trace);
        environment.out().println(out);
        return compare ? compared(Comparison.of(trace, source.fixture.resolve("expected.safetensors"))) : Cli.DONE;
    }

    /** What the task needs, and nothing that it has no use for. */
    private void requirePrompt() {
        if (source.picture == null) {
            return;
        }
        String wrong = GivenPrompt.wrong(
                source.picture.task, source.picture.text, source.picture.classes, source.picture.regions);
        if (wrong != null) {
            throw new ParameterException(spec.commandLine(), wrong);
        }
    }

    private Trace ofFixture(Path fixture) {
        try (TorchProgram program = TorchProgram.load(device)) {
            // As the expected values were made: the order of sums depends on the number of threads.
            TorchProgram.enterThread(1);
            return FixtureTrace.run(program, fixture, dtype.type());
        }
    }

    private Trace ofPicture(Picture picture) {
        SegmenterOptions options = SegmenterOptions.builder()
                .setDevice(device)
                .setDtype(dtype)
                .setRouting(picture.routing)
                .build();
        try {
            byte[] encoded = Files.readAllBytes(picture.image);
            return ModelTrace.run(
                    picture.model,
                    options,
                    new ImageDecoder().decode(encoded),
                    GivenPrompt.of(picture.task, picture.text, picture.classes, picture.regions));
        } catch (IOException e) {
            throw new UnusableInputException(
                    picture.image + " cannot be read: " + Reason.of(e) + "; give a picture file", e);
        } catch (RowFailure e) {
            throw new UnusableInputException(picture.image + ": " + e.getMessage(), e);
        }
    }

    private void write(Trace trace) {
        try {
            trace.write(out);
        } catch (IOException e) {
            throw new UnusableInputException(out + " cannot be written: " + Reason.of(e), e);
        }
    }

    private int compared(Comparison comparison) {
        PrintWriter text = environment.out();
        for (Comparison.Line line : comparison.lines()) {
            text.println(String.format(
                    Locale.ROOT,
                    "%-52s %12s  of %7.0e  %s",
                    line.name(),
                    line.traced() ? String.format(Locale.ROOT, "%.3e", line.difference()) : "-",
                    line.tolerance(),
                    !line.traced() ? "not computed" : line.within() ? "ok" : "BEYOND"));
        }
        List<Comparison.Line> beyond = comparison.beyond();
        text.println(String.format(
                Locale.ROOT,
                "%d of %d tensors within their tolerance, %d beyond, %d not computed",
                comparison.lines().stream().filter(Comparison.Line::within).count(),
                comparison.lines().size(),
                beyond.size(),
                comparison.lines().stream().filter(line -> !line.traced()).count()));
        if (beyond.isEmpty()) {
            return Cli.DONE;
        }
        throw new UnusableInputException(
                beyond.size() + " of " + comparison.lines().size() + " tensors are beyond their tolerance, first "
                        + beyond.get(0).name());
    }
}
