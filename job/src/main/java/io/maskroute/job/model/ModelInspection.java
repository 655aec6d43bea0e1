package io.maskroute.job.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.checkpoint.FolderContents;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.checkpoint.WeightCoverage;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.Families;
import io.maskroute.core.family.Family;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.model.MemoryModel;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.DType;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What {@code model inspect --json} writes. Numbers that need a configuration are null where there is none that can be read.
 *
 * @param family found from the tensors' names; null for one that is not known
 * @param parameters numbers in the tensors that the model reads
 * @param dtype of the stored weights; {@code mixed} where there are several
 * @param files of weights, by name, those that would be read
 * @param keys null without a configuration and weights
 * @param tokenizer null when there is none that can be read
 * @param attention {@code fused} or {@code split} queries, keys and values; null where there are none
 * @param tasks kinds of prompts that can be run with it here
 * @param memoryBytes by dtype: what a device needs for one picture with one prompt alone, as {@link MemoryModel} estimates it
 * @param llmFlopsDense of one referring prompt of the family's shape, alone and dense; 2 per multiply-add
 * @param notes what a user should know though it does not keep the folder from being used
 * @param problems for which {@code evaluate} would refuse it
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.ALWAYS)
public record ModelInspection(
        String family,
        Long parameters,
        String dtype,
        List<String> files,
        long fileBytes,
        Keys keys,
        Tokenizer tokenizer,
        String attention,
        List<String> tasks,
        Map<String, Long> memoryBytes,
        Long llmFlopsDense,
        List<String> notes,
        List<String> problems,
        boolean usable) {
    /**
     * @param expected how many a whole checkpoint of this configuration has, those included that nothing reads and that need not
     *     be there
     * @param found in the files, unknown ones included
     * @param unknown that no part of the model has; they are passed over
     * @param misshaped each with what was found and what was expected
     */
    public record Keys(int expected, int found, List<String> missing, List<String> unknown, List<String> misshaped) {}

    /** @param source {@code tokenizer.json} or {@code vocab+merges} */
    public record Tokenizer(String source, int size) {}

    /** @throws io.maskroute.core.error.UnusableInputException when there is no such folder */
    public static ModelInspection of(Path folder) {
        FolderContents contents = FolderContents.of(folder);
        return new ModelInspection(
                contents.coverage()
                        .flatMap(ModelInspection::family)
                        .map(Family::name)
                        .orElse(null),
                contents.config().map(StateDict::parameters).orElse(null),
                dtype(contents.dtypes()),
                contents.files().stream()
                        .map(file -> file.getFileName().toString())
                        .toList(),
                contents.bytes(),
                contents.coverage()
                        .map(coverage -> keys(coverage, contents.config().orElseThrow()))
                        .orElse(null),
                contents.tokenizer()
                        .map(tokenizer -> new Tokenizer(tokenizer.source(), tokenizer.size()))
                        .orElse(null),
                contents.splitAttention()
                        .map(split -> split ? "split" : "fused")
                        .orElse(null),
                contents.usable()
                        ? Families.of(contents.config().orElseThrow()).prompts().tasks()
                        : List.of(),
                contents.config().map(ModelInspection::memory).orElse(null),
                contents.config().map(ModelInspection::llmFlops).orElse(null),
                contents.notes(),
                contents.problems(),
                contents.usable());
    }

    private static Optional<Family> family(WeightCoverage coverage) {
        return Families.owning(Set.copyOf(coverage.matched()));
    }

    private static String dtype(Set<DType> dtypes) {
        return switch (dtypes.size()) {
            case 0 -> null;
            case 1 -> switch (dtypes.iterator().next()) {
                case F64 -> "fp64";
                case F32 -> "fp32";
                case F16 -> "fp16";
                default -> "bf16";
            };
            default -> "mixed";
        };
    }

    private static Keys keys(WeightCoverage coverage, ModelConfig config) {
        int known = coverage.matched().size()
                + coverage.unused().size()
                + coverage.misshapen().size();
        return new Keys(
                StateDict.expected(config).size(),
                known + coverage.unknown().size(),
                coverage.missing(),
                coverage.unknown(),
                coverage.misshapen().stream().map(Object::toString).toList());
    }

    private static RoutingPlan dense(ModelConfig config) {
        int side = config.imageTokenSide();
        return RoutingPlan.of(RoutingSchedule.dense(), config, side, side);
    }

    private static Map<String, Long> memory(ModelConfig config) {
        PromptShape prompt = Families.of(config).promptShape();
        Map<String, Long> bytes = new LinkedHashMap<>();
        for (Dtype dtype : List.of(Dtype.FP32, Dtype.BF16)) {
            bytes.put(
                    dtype.label(),
                    new MemoryModel(config, dense(config), false, dtype)
                            .estimate(prompt.prefix() + prompt.task(), prompt.own(), 1, 1)
                            .total());
        }
        return bytes;
    }

    private static long llmFlops(ModelConfig config) {
        PromptShape prompt = Families.of(config).promptShape();
        RoutingPlan plan = dense(config);
        return FlopsModel.asRun(config, plan, false)
                .image(new SegmentLayout(prompt.prefix(), plan.imageTokens(), prompt.task()), prompt.own())
                .perPrompt()
                .get(0)
                .llm();
    }

    /** For a person, label and text in each. */
    public List<String> lines() {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("family", family == null ? "none that is known here" : family);
        if (parameters != null) {
            lines.put("parameters", String.format(Locale.ROOT, "%,d", parameters));
        }
        lines.put(
                "weights",
                files.isEmpty()
                        ? "none"
                        : String.format(
                                Locale.ROOT,
                                "%s, %.2f GB%s",
                                String.join(", ", files),
                                fileBytes / 1e9,
                                dtype == null ? "" : ", " + dtype));
        if (keys != null) {
            lines.put(
                    "tensors",
                    String.format(
                            Locale.ROOT,
                            "%,d found, %,d in a whole checkpoint: %,d missing, %,d mis-shaped, %,d unknown%s",
                            keys.found(),
                            keys.expected(),
                            keys.missing().size(),
                            keys.misshaped().size(),
                            keys.unknown().size(),
                            keys.unknown().isEmpty() ? "" : " (passed over)"));
        }
        if (attention != null) {
            lines.put("attention", attention);
        }
        lines.put(
                "tokenizer",
                tokenizer == null
                        ? "none"
                        : String.format(Locale.ROOT, "%s, %,d tokens", tokenizer.source(), tokenizer.size()));
        if (memoryBytes != null) {
            lines.put(
                    "memory",
                    memoryBytes.entrySet().stream()
                            .map(entry ->
                                    String.format(Locale.ROOT, "%.1f GB in %s", entry.getValue() / 1e9, entry.getKey()))
                            .collect(Collectors.joining(", ", "", " for one prompt")));
            lines.put("LLM FLOPs", String.format(Locale.ROOT, "%.3g for one prompt, dense", (double) llmFlopsDense));
        }
        lines.put("tasks", tasks.isEmpty() ? "none" : String.join(", ", tasks));
        List<String> shown = lines.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%-14s%s", entry.getKey(), entry.getValue()))
                .collect(Collectors.toList());
        if (keys != null) {
            keys.unknown().forEach(key -> shown.add(String.format(Locale.ROOT, "%-14s%s", "  unknown", key)));
        }
        notes.forEach(note -> shown.add(String.format(Locale.ROOT, "%-14s%s", "note", note)));
        problems.forEach(problem -> shown.add(String.format(Locale.ROOT, "%-14s%s", "problem", problem)));
        return shown;
    }
}
