package io.maskroute.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.datasets.metrics.MissingPrediction;
import io.maskroute.datasets.metrics.ReferringRules;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Merges the layers of configuration, in the precedence that {@code reference.conf} states, and checks every key. */
public final class ConfigLoader {
    private static final String SPARK = "spark";
    private static final String COMMAND_LINE = "the command line";
    private static final String AS_PUBLISHED = "metrics.as-published";

    private final Optional<Path> siteFile;
    private final Optional<Path> file;
    private final Map<String, String> overrides;
    private final String origin;

    private ConfigLoader(Optional<Path> siteFile, Optional<Path> file, Map<String, String> overrides, String origin) {
        this.siteFile = siteFile;
        this.file = file;
        this.overrides = overrides;
        this.origin = origin;
    }

    /**
     * @param home folder that holds {@code conf/maskroute.conf}, which need not exist
     * @param file the file of {@code --conf}
     * @param overrides from the command line, dotted key to value; values are never parsed as HOCON, so paths and URIs
     *     need no quotes
     * @throws ConfigurationException for an unknown key, a value of the wrong type, or a file that cannot be read
     */
    public static JobConfig load(Path home, Optional<Path> file, Map<String, String> overrides) {
        return new ConfigLoader(Optional.of(home.resolve("conf/maskroute.conf")), file, overrides, COMMAND_LINE).load();
    }

    /**
     * The defaults and these settings alone, for callers without configuration files.
     *
     * @param origin what messages name as the place of the settings
     * @throws ConfigurationException as {@link #load}
     */
    public static JobConfig defaults(Map<String, String> settings, String origin) {
        return new ConfigLoader(Optional.empty(), Optional.empty(), settings, origin).load();
    }

    private JobConfig load() {
        Config reference = ConfigFactory.parseResources(
                ConfigLoader.class,
                "reference.conf",
                ConfigParseOptions.defaults().setAllowMissing(false));
        KnownKeys known = KnownKeys.of(flatten(reference).keySet());

        Map<String, ConfigValue> defaults = flatten(reference);
        Map<String, ConfigValue> given = new TreeMap<>();
        siteFile.filter(Files::exists).ifPresent(f -> given.putAll(checked(known, parse(f))));
        file.ifPresent(f -> {
            // The parser takes a folder for an empty file.
            if (!Files.isRegularFile(f)) {
                throw new ConfigurationException(
                        "--conf " + f + ": " + (Files.exists(f) ? "not a file" : "no such file"));
            }
            given.putAll(checked(known, parse(f)));
        });
        Map<String, ConfigValue> commandLine = new LinkedHashMap<>();
        overrides.forEach((key, value) -> commandLine.put(key, ConfigValueFactory.fromAnyRef(value, origin)));
        given.putAll(checked(known, commandLine));
        Map<String, ConfigValue> merged = new TreeMap<>(defaults);
        merged.putAll(given);
        Optional<AsPublished> asPublished = new Values(merged).asPublished();
        asPublished.ifPresent(published -> merged.putAll(published(published, given)));
        return typed(new Values(merged), asPublished);
    }

    /** Its settings, of which none may be given otherwise: what is not asked for by name is not changed behind anybody's back. */
    private static Map<String, ConfigValue> published(AsPublished published, Map<String, ConfigValue> given) {
        String origin = AS_PUBLISHED + " = " + published.label();
        Map<String, ConfigValue> settings = new TreeMap<>();
        published.settings().forEach((key, value) -> {
            ConfigValue other = given.get(key);
            if (other != null
                    && other.valueType() != ConfigValueType.NULL
                    && !other.unwrapped().toString().equals(value)) {
                throw new ConfigurationException(place(other) + ": " + key + " = " + other.unwrapped() + ", but "
                        + origin + " means " + value + ": leave one of them out");
            }
            settings.put(key, ConfigValueFactory.fromAnyRef(value, origin));
        });
        return settings;
    }

    private static Map<String, ConfigValue> parse(Path path) {
        try {
            return flatten(ConfigFactory.parseFile(path.toFile())
                    .resolve(ConfigResolveOptions.defaults().setUseSystemEnvironment(true)));
        } catch (ConfigException e) {
            throw new ConfigurationException(e.getMessage().replace('\n', ' '), e);
        }
    }

    private static Map<String, ConfigValue> checked(KnownKeys known, Map<String, ConfigValue> layer) {
        for (Map.Entry<String, ConfigValue> entry : layer.entrySet()) {
            if (!entry.getKey().startsWith(SPARK + ".") && !known.contains(entry.getKey())) {
                throw new ConfigurationException(
                        place(entry.getValue()) + ": unknown key " + known.explain(entry.getKey()));
            }
        }
        return layer;
    }

    private static String place(ConfigValue value) {
        return value.origin().description();
    }

    /** Leaves by dotted path; nulls included, which {@link Config#entrySet} leaves out. */
    private static Map<String, ConfigValue> flatten(Config config) {
        Map<String, ConfigValue> leaves = new LinkedHashMap<>();
        flatten("", config.root(), leaves);
        return leaves;
    }

    private static void flatten(String prefix, ConfigObject object, Map<String, ConfigValue> leaves) {
        object.forEach((name, value) -> {
            String path = prefix.isEmpty() ? name : prefix + "." + name;
            if (value instanceof ConfigObject inner && !inner.isEmpty()) {
                flatten(path, inner, leaves);
            } else if (!(value instanceof ConfigObject)) {
                leaves.put(path, value);
            }
        });
    }

    private JobConfig typed(Values values, Optional<AsPublished> asPublished) {
        Optional<String> model = values.location("model.path");
        ModelOptions modelOptions = new ModelOptions(
                model.orElse(""),
                values.location("model.routing").orElse(ModelOptions.DENSE),
                values.oneOf("model.dtype", List.of(ModelOptions.AUTO, "fp32", "bf16", "fp16")),
                values.matching(
                        "model.device",
                        Pattern.compile("auto|cpu|gpu|cuda:\\d{1,3}(,\\d{1,3})*"),
                        "auto, cpu, gpu, cuda:N or cuda:N,M"),
                values.flag("model.allow-partial"),
                WeightsRounding.valueOf(values.oneOf("model.weights-rounding", List.of("none", "fp16"))
                        .toUpperCase(Locale.ROOT)),
                values.flag("runtime.tf32"),
                values.isSet("model.answer")
                        ? values.oneOf("model.answer", List.of(ModelOptions.BEST, ModelOptions.UNION))
                        : null,
                values.isSet("model.answer-threshold") ? values.fraction("model.answer-threshold") : null,
                values.isSet("model.min-score") ? values.fraction("model.min-score") : null,
                values.isSet("model.max-masks")
                        ? values.integer("model.max-masks", 1, Integer.MAX_VALUE)
                        : Integer.MAX_VALUE);
        RuntimeOptions runtime = new RuntimeOptions(
                values.integer("runtime.images-ahead", 1, 1024),
                values.bytes("runtime.queue-bytes"),
                values.integer("runtime.prompts-per-call", 1, 4096),
                values.integer("runtime.images-per-call", RuntimeOptions.BY_DEVICE, 256),
                values.integer("runtime.predictors", RuntimeOptions.BY_DEVICE, 256),
                values.duration("runtime.call-timeout"),
                values.duration("runtime.prompt-timeout"),
                values.duration("runtime.open-timeout"),
                values.integer("runtime.warm-up-calls", 0, 100),
                values.matching(
                        "runtime.gpu-device", Pattern.compile("cuda:\\{address\\}|cpu"), "cuda:{address} or cpu"),
                values.integer("dataset.max-image-bytes", 1, Integer.MAX_VALUE - 8),
                values.locations("dataset.image-roots"));
        Map<String, String> spark = new TreeMap<>();
        Map<String, String> sparkOverrides = new TreeMap<>();
        values.under(SPARK + ".")
                .forEach((key, text) -> (overrides.containsKey(key) ? sparkOverrides : spark).put(key, text));
        boolean fresh = values.flag("output.fresh");
        boolean retryFailed = values.flag("output.retry-failed");
        if (fresh && retryFailed) {
            throw new ConfigurationException("--fresh starts over and --retry-failed goes on: give one of them");
        }
        return new JobConfig(
                model,
                modelOptions,
                values.text("model.cache"),
                values.location("dataset.path"),
                values.orientation("dataset.orientation"),
                values.isSet("dataset.limit")
                        ? OptionalLong.of(values.integer("dataset.limit", 1, Integer.MAX_VALUE))
                        : OptionalLong.empty(),
                values.location("output.path"),
                fresh,
                retryFailed,
                new GroupOptions(
                        values.isSet("groups.pictures")
                                ? OptionalLong.of(values.integer("groups.pictures", 1, Integer.MAX_VALUE))
                                : OptionalLong.empty(),
                        values.integer("groups.in-flight", 1, 64),
                        values.bytes("output.file-size"),
                        values.duration("output.lease"),
                        values.flag("output.take-over"),
                        values.fraction("output.max-failure-rate"),
                        values.integer("output.max-lost", 0, Integer.MAX_VALUE)),
                runtime,
                new ReferringRules(
                        values.oneOf("metrics.empty-union", List.of("one", "zero"))
                                        .equals("one")
                                ? EmptyUnion.ONE
                                : EmptyUnion.ZERO,
                        MissingPrediction.COUNTED),
                asPublished,
                values.integer("report.samples", 0, 60),
                values.duration("progress.interval"),
                spark,
                sparkOverrides,
                values.forRecord());
    }

    /** The merged leaves, read as types; every complaint names the key and where its value stands. */
    private record Values(Map<String, ConfigValue> leaves) {

        boolean isSet(String key) {
            return leaves.get(key).valueType() != ConfigValueType.NULL;
        }

        Optional<String> text(String key) {
            if (!isSet(key)) {
                return Optional.empty();
            }
            String text = read(key, Config::getString);
            if (text.isBlank()) {
                throw bad(key, "must not be empty");
            }
            return Optional.of(text);
        }

        /** A path or URI. Passwords in URIs would end up in logs and reports of whatever handles them. */
        Optional<String> location(String key) {
            return text(key).map(location -> withoutPassword(key, location));
        }

        private String withoutPassword(String key, String location) {
            if (Redaction.hasPassword(location)) {
                throw bad(
                        key,
                        "carries a password (" + Redaction.uri(location)
                                + "): give it to Hadoop's credential providers instead, see conf/s3a.conf");
            }
            return location;
        }

        /** A list of them, or a single one; on the command line {@code [a,b]}, with quotes where one holds a comma. */
        List<String> locations(String key) {
            ConfigValue value = leaves.get(key);
            if (!isSet(key)) {
                return List.of();
            }
            List<?> all = value instanceof ConfigList list
                    ? list.unwrapped()
                    : parsed(key, text(key).orElse(""));
            return all.stream()
                    .map(location -> {
                        if (!(location instanceof String text) || text.isBlank()) {
                            throw bad(key, "must be a list of folders and URIs");
                        }
                        return withoutPassword(key, text);
                    })
                    .toList();
        }

        private List<?> parsed(String key, String text) {
            String list = text.strip();
            if (!list.startsWith("[") || !list.endsWith("]")) {
                return List.of(text);
            }
            if (list.indexOf('"') < 0) {
                return Arrays.stream(list.substring(1, list.length() - 1).split(","))
                        .map(String::strip)
                        .filter(item -> !item.isEmpty())
                        .toList();
            }
            try {
                return ConfigFactory.parseString("list = " + list)
                        .getList("list")
                        .unwrapped();
            } catch (ConfigException e) {
                throw bad(key, "cannot be " + text + ": give [\"FOLDER\", \"URI\"]");
            }
        }

        Optional<AsPublished> asPublished() {
            if (!isSet(AS_PUBLISHED)) {
                return Optional.empty();
            }
            List<String> labels =
                    Arrays.stream(AsPublished.values()).map(AsPublished::label).toList();
            return Optional.of(AsPublished.values()[labels.indexOf(oneOf(AS_PUBLISHED, labels))]);
        }

        boolean flag(String key) {
            return read(key, Config::getBoolean);
        }

        int integer(String key, int least, int most) {
            long value = read(key, Config::getLong);
            if (value < least || value > most) {
                throw bad(key, "must be " + least + " to " + most + ", not " + value);
            }
            return (int) value;
        }

        long bytes(String key) {
            long value = read(key, Config::getBytes);
            if (value < 1) {
                throw bad(key, "must be more than nothing");
            }
            return value;
        }

        double fraction(String key) {
            double value = read(key, Config::getDouble);
            if (!(value >= 0 && value <= 1)) {
                throw bad(key, "must be 0 to 1, not " + value);
            }
            return value;
        }

        Duration duration(String key) {
            Duration value = read(key, Config::getDuration);
            if (value.isNegative() || value.isZero()) {
                throw bad(key, "must be more than nothing");
            }
            return value;
        }

        String oneOf(String key, List<String> choices) {
            String value = text(key).orElse("");
            if (!choices.contains(value)) {
                throw bad(key, "must be " + String.join(" or ", choices) + ", not \"" + value + "\"");
            }
            return value;
        }

        Optional<ExifOrientation> orientation(String key) {
            if (!isSet(key)) {
                return Optional.empty();
            }
            List<ExifOrientation> all = List.of(ExifOrientation.values());
            String label = oneOf(key, all.stream().map(ExifOrientation::label).toList());
            return all.stream().filter(one -> one.label().equals(label)).findFirst();
        }

        String matching(String key, Pattern pattern, String form) {
            String value = text(key).orElse("");
            if (!pattern.matcher(value).matches()) {
                throw bad(key, "must be " + form + ", not \"" + value + "\"");
            }
            return value;
        }

        Map<String, String> under(String prefix) {
            Map<String, String> found = new TreeMap<>();
            leaves.forEach((key, value) -> {
                if (key.startsWith(prefix) && isSet(key)) {
                    found.put(key, value.unwrapped().toString());
                }
            });
            return found;
        }

        Map<String, String> forRecord() {
            Map<String, String> shown = new LinkedHashMap<>();
            leaves.forEach((key, value) -> shown.put(
                    key, isSet(key) ? Redaction.of(key, value.unwrapped().toString()) : null));
            return shown;
        }

        private interface Getter<T> {
            T get(Config config, String path);
        }

        private <T> T read(String key, Getter<T> getter) {
            ConfigValue value = leaves.get(key);
            if (value instanceof ConfigList || value.valueType() == ConfigValueType.NULL) {
                throw bad(key, "must be a single value");
            }
            try {
                return getter.get(value.atKey("value"), "value");
            } catch (ConfigException e) {
                throw bad(key, "cannot be \"" + value.unwrapped() + "\"");
            }
        }

        private ConfigurationException bad(String key, String why) {
            return new ConfigurationException(place(leaves.get(key)) + ": " + key + " " + why);
        }
    }

    /** Splits {@code key=value}; the key is checked by {@link #load}. */
    public static Map.Entry<String, String> parseOverride(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw new ConfigurationException("-s " + text + ": expected key=value");
        }
        String key = text.substring(0, equals).trim();
        try {
            return Map.entry(String.join(".", ConfigUtil.splitPath(key)), text.substring(equals + 1));
        } catch (ConfigException e) {
            throw new ConfigurationException("-s " + text + ": " + key + " is no key: " + e.getMessage());
        }
    }
}
