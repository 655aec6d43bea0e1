package io.maskroute.job.cli;

import io.maskroute.job.config.ConfigLoader;
import io.maskroute.job.config.JobConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of every command that reads the configuration. */
final class ConfigArguments {
    @Option(
            names = "--conf",
            paramLabel = "FILE",
            description = "Configuration (HOCON); wins over conf/maskroute.conf, loses to options.")
    private Path file;

    @Option(
            names = "-s",
            paramLabel = "KEY=VALUE",
            description =
                    "One setting, as often as needed, such as -s runtime.images-ahead=4 or -s spark.master=local[4].")
    private List<String> settings = new ArrayList<>();

    /** @param options of the command: key to value, null where the option was not given; they win over {@code -s} */
    JobConfig load(Path home, Map<String, Object> options) {
        Map<String, String> overrides = new LinkedHashMap<>();
        for (String setting : settings) {
            Map.Entry<String, String> override = ConfigLoader.parseOverride(setting);
            overrides.put(override.getKey(), override.getValue());
        }
        options.forEach((key, value) -> {
            if (value != null) {
                overrides.put(key, value.toString());
            }
        });
        return ConfigLoader.load(home, Optional.ofNullable(file), overrides);
    }
}
