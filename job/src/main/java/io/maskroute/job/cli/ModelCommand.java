package io.maskroute.job.cli;

import io.maskroute.core.checkpoint.FolderConversion;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.DType;
import io.maskroute.job.model.ModelInspection;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        versionProvider = Cli.VersionProvider.class,
        synopsisSubcommandLabel = "ACTION",
        description = "Looks at model folders on this machine, or writes them again in another type.")
final class ModelCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no action given: inspect or convert");
    }

    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description = "What a model folder is, whether it is whole, what it needs, and what evaluate would refuse"
                    + " (exit code 2 then); reads no weights.")
    static final class Inspect implements Callable<Integer> {
        private final Cli.Environment environment;

        @Parameters(paramLabel = "DIR", description = "Model folder.")
        private Path folder;

        @Mixin
        private JsonArgument json;

        Inspect(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            json.requireWritable();
            ModelInspection inspection = ModelInspection.of(folder);
            inspection.lines().forEach(environment.out()::println);
            json.write(inspection);
            return inspection.usable() ? Cli.DONE : Cli.UNUSABLE_INPUT;
        }
    }

    @Command(
            name = "convert",
            mixinStandardHelpOptions = true,
            versionProvider = Cli.VersionProvider.class,
            description = "Writes a model folder again as safetensors in another type, with tokenizer.json. The same"
                    + " command goes on where it was interrupted.")
    static final class Convert implements Callable<Integer> {
        private final Cli.Environment environment;

        @Parameters(paramLabel = "DIR", description = "Model folder.")
        private Path folder;

        @Option(
                names = "--output",
                paramLabel = "DIR",
                required = true,
                description = "Folder to be made, or to be gone on with.")
        private Path output;

        @Option(
                names = "--dtype",
                paramLabel = "TYPE",
                required = true,
                converter = StoredType.class,
                description = "fp32, fp16 or bf16.")
        private DType dtype;

        Convert(Cli.Environment environment) {
            this.environment = environment;
        }

        @Override
        public Integer call() {
            if (output.toAbsolutePath()
                    .normalize()
                    .equals(folder.toAbsolutePath().normalize())) {
                throw new UnusableInputException("--output " + output + " is the model itself; name a new folder");
            }
            FolderConversion.Result result = new FolderConversion(ModelFolder.open(folder), dtype, output, line -> {
                        environment.err().println(line);
                        environment.err().flush();
                    })
                    .run();
            environment.out().printf("%-14s%s%n", "model", output);
            environment
                    .out()
                    .printf(
                            "%-14s%d%s%n",
                            "files",
                            result.files().size(),
                            result.kept() == 0 ? "" : ", " + result.kept() + " of them finished before");
            environment.out().printf("%-14s%s%n", "fingerprint", result.fingerprint());
            if (!result.unknown().isEmpty()) {
                environment
                        .out()
                        .printf(
                                "%-14s%d tensors that no part of the model has: %s%n",
                                "left out", result.unknown().size(), String.join(", ", result.unknown()));
            }
            return Cli.DONE;
        }
    }

    private static final class StoredType implements ITypeConverter<DType> {
        private static final Map<String, DType> TYPES =
                Map.of("fp32", DType.F32, "fp16", DType.F16, "bf16", DType.BF16);

        @Override
        public DType convert(String text) {
            if (!TYPES.containsKey(text)) {
                throw new TypeConversionException("must be fp32, fp16 or bf16, not '" + text + "'");
            }
            return TYPES.get(text);
        }
    }
}
