package io.maskroute.job.cli;

import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.job.bench.Bench;
import io.maskroute.job.bench.BenchOptions;
import io.maskroute.job.bench.BenchOptions.BenchPart;
import io.maskroute.job.bench.BenchResult;
import io.maskroute.job.bench.BenchTable;
import io.maskroute.job.config.ConfigurationException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        description = "Measures dense against routed runs, alternating in one process on this machine.")
final class BenchCommand implements Callable<Integer> {
    private static final String PSALM = "psalm";

    private final Cli.Environment environment;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonArgument json;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = PSALM,
            description =
                    "Model folder, or psalm: the published PSALM size (1.59 billion parameters) with random weights;"
                            + " default: ${DEFAULT-VALUE}.")
    private String model;

    @Option(
            names = "--routing",
            paramLabel = "SCHEDULE",
            description = "A routing.json, or a folder with routing.json and routing.safetensors; default:"
                    + " conf/routing/psalm-56.json.")
    private Path routing;

    @Option(
            names = "--random-projectors",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description =
                    "Give a schedule without tensors random projectors, so that their cost is in the figures; with"
                            + " --no-random-projectors it runs untrained. Default: ${DEFAULT-VALUE}.")
    private boolean randomProjectors;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "bf16",
            converter = DtypeConverter.class,
            description = "fp32 or bf16; default: ${DEFAULT-VALUE}.")
    private Dtype dtype;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description = "cpu or cuda:N; default: ${DEFAULT-VALUE}.")
    private String device;

    @Option(
            names = "--prompts",
            paramLabel = "M",
            defaultValue = "7",
            description = "Prompts of a picture in the shared runs; default: ${DEFAULT-VALUE}.")
    private int prompts;

    @Option(
            names = "--pictures",
            paramLabel = "B",
            defaultValue = "1",
            description = "Pictures that run together, which a GPU needs to be busy; default: ${DEFAULT-VALUE}.")
    private int pictures;

    @Option(
            names = "--image-tokens",
            paramLabel = "N",
            description =
                    "A square number, such as 256 or 1024; default: the model's own. Any other number is for the LLM"
                            + " alone.")
    private Integer imageTokens;

    @Option(
            names = "--text",
            paramLabel = "N",
            defaultValue = "60",
            description = "Text tokens of a prompt, of which an eighth is its own; default: ${DEFAULT-VALUE}.")
    private int text;

    @Option(
            names = "--pairs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Rounds of alternating runs; default: ${DEFAULT-VALUE}.")
    private int pairs;

    @Option(
            names = "--parts",
            paramLabel = "PART",
            split = ",",
            description = "llm (the LLM alone) and image (whole pictures); default: both where the image tokens are the"
                    + " model's own.")
    private Set<BenchPart> parts = Set.of();

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads of one operator; default: PyTorch's choice.")
    private int threads;

    BenchCommand(Cli.Environment environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() {
        requireAtLeast("--prompts", prompts, 1);
        requireAtLeast("--pictures", pictures, 1);
        requireAtLeast("--pairs", pairs, 1);
        requireAtLeast("--text", text, PromptShape.LEAST);
        requireAtLeast("--threads", threads, 0);
        if (imageTokens != null) {
            requireAtLeast("--image-tokens", imageTokens, 1);
        }
        json.requireWritable();
        BenchOptions options = new BenchOptions(
                model.equals(PSALM) ? Optional.empty() : Optional.of(Path.of(model)),
                routing == null ? environment.home().resolve("conf/routing/psalm-56.json") : routing,
                randomProjectors,
                dtype,
                device,
                prompts,
                pictures,
                imageTokens == null ? OptionalInt.empty() : OptionalInt.of(imageTokens),
                text,
                pairs,
                parts,
                threads,
                commandLine());
        BenchResult result = new Bench(options, environment.err()).run();
        BenchTable.lines(result).forEach(environment.out()::println);
        json.write(result);
        return Cli.DONE;
    }

    private List<String> commandLine() {
        List<String> line = new ArrayList<>();
        line.add(spec.root().name());
        line.addAll(spec.root().commandLine().getParseResult().originalArgs());
        return line;
    }

    private static void requireAtLeast(String option, int value, int least) {
        if (value < least) {
            throw new ConfigurationException(option + " must be at least " + least + ", not " + value);
        }
    }

    private static final class DtypeConverter extends LabelConverter<Dtype> {
        DtypeConverter() {
            super(Dtype.values(), Dtype::label);
        }
    }
}
