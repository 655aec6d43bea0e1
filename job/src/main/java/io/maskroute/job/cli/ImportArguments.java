package io.maskroute.job.cli;

import io.maskroute.datasets.writer.ImportOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Options of imports on a command line: what an import says of them is all there is to know. */
final class ImportArguments {
    private ImportArguments() {}

    /** @param required whether those must be given that an import cannot do without */
    static void declare(CommandSpec spec, List<ImportOption> options, boolean required) {
        for (ImportOption option : options) {
            OptionSpec.Builder shown = OptionSpec.builder(option.name())
                    .description(option.description())
                    .required(required && option.required());
            spec.addOption(
                    option.isFlag()
                            ? shown.type(boolean.class).arity("0").build()
                            : shown.type(String.class)
                                    .arity("1")
                                    .paramLabel(option.label())
                                    .build());
        }
    }

    /** By the options' names; a flag's value is true. */
    static Map<String, String> given(CommandSpec spec, List<ImportOption> options) {
        Map<String, String> given = new HashMap<>();
        for (ImportOption option : options) {
            Object value = spec.findOption(option.name()).getValue();
            if (value != null && !Boolean.FALSE.equals(value)) {
                given.put(option.name(), value.toString());
            }
        }
        return given;
    }
}
