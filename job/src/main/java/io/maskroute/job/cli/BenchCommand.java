package io.maskroute.job.cli;

import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.model.AutoDtype;
import io.maskroute.core.model.Devices;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.job.bench.Bench;
import io.maskroute.job.bench.BenchOptions;
import io.maskroute.job.bench.BenchOptions.BenchPart;
import io.maskroute.job.bench.BenchResult;
import io.maskroute.job.bench.BenchTable;
import io.maskroute.job.bench.Rounds;
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
    private static final String AUTO = "auto";

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
            defaultValue = AUTO,
            converter = DtypeConverter.class,
            description =
                    "fp32, bf16, or auto: bf16 on a GPU of compute capability 8.0 or more, fp32 on others and on a"
                            + " CPU; default: ${DEFAULT-VALUE}.")
    private Dtype dtype; // null for auto

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "auto (the first GPU, else the CPU), cpu or cuda:N; default: ${DEFAULT-VALUE}.")
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
            description =
                    "Text tokens of a prompt; default: 96 as in PSALM's referring prompts (56 before the picture, 15 of the"
                            + " task, 25 of its own), with --model as its tokenizer has the fixed texts. Other numbers change"
                            + " the prompt's own.")
    private Integer text;

    @Option(
            names = "--pairs",
            paramLabel = "N",
            description = "Rounds of alternating runs; default: 2 to 5, as many as end within 12 minutes.")
    private Integer pairs;

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
        requireAtLeast("--image-tokens", imageTokens, 1);
        json.requireWritable();
        String on = Devices.one(device);
        BenchOptions options = new BenchOptions(
                model.equals(PSALM) ? Optional.empty() : Optional.of(Path.of(model)),
                routing == null ? environment.home().resolve("conf/routing/psalm-56.json") : routing,
                randomProjectors,
                dtype == null ? AutoDtype.resolve(on) : dtype,
                on,
                prompts,
                pictures,
                optional(imageTokens),
                optional(text),
                pairs == null ? Rounds.TIMED : Rounds.fixed(pairs),
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

    private static OptionalInt optional(Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    /** @param value null where it was not given */
    private static void requireAtLeast(String option, Integer value, int least) {
        if (value != null && value < least) {
            throw new ConfigurationException(option + " must be at least " + least + ", not " + value);
        }
    }

    /** {@code auto} is null. */
    private static final class DtypeConverter extends LabelConverter<Dtype> {
        DtypeConverter() {
            super(Dtype.values(), Dtype::label, AUTO);
        }

        @Override
        public Dtype convert(String text) {
            return text.equals(AUTO) ? null : super.convert(text);
        }
    }
}
