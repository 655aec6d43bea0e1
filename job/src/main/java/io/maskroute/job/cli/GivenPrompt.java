package io.maskroute.job.cli;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.task.Task;
import io.maskroute.datasets.schema.DatasetManifest.Category;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Region;
import io.maskroute.job.input.ClassList;
import io.maskroute.job.input.Prompts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** A prompt that the command line gives instead of a dataset. */
final class GivenPrompt {
    private static final String CLASSES = "--classes";

    private GivenPrompt() {}

    /** What is wrong with the options, or null. */
    static String wrong(String label, List<String> texts, Path classes, List<String> regions) {
        Optional<PromptTask> task = PromptTask.of(label);
        if (task.isEmpty()) {
            return "--task " + label + " is none; known are "
                    + Arrays.stream(PromptTask.values()).map(PromptTask::label).collect(Collectors.joining(", "));
        }
        String needed =
                switch (task.get()) {
                    case REFERRING -> "--text";
                    case REGION -> "--region";
                    default -> CLASSES;
                };
        Map<String, Boolean> given =
                Map.of("--text", !texts.isEmpty(), CLASSES, classes != null, "--region", !regions.isEmpty());
        if (!given.get(needed)) {
            return "--task " + label + " needs " + needed;
        }
        return given.entrySet().stream()
                .filter(option -> option.getValue() && !option.getKey().equals(needed))
                .map(option -> option.getKey() + " has no meaning for --task " + label)
                .findFirst()
                .orElse(null);
    }

    /**
     * @throws RowFailure when there is nothing that can be asked
     * @throws UnusableInputException when the file of classes or a region cannot be read
     */
    static Task of(String label, List<String> texts, Path classes, List<String> regions) throws RowFailure {
        Prompts prompts = classes == null ? Prompts.NO_CLASSES : Prompts.of(Map.of(CLASSES, classes(classes)));
        List<Region> drawn = new ArrayList<>();
        for (String region : regions) {
            drawn.add(region(region));
        }
        return prompts.task(new PromptRow("given", label, texts, CLASSES, drawn, null), null);
    }

    private static Region region(String given) {
        int colon = given.indexOf(':');
        try {
            return new Region(
                    given.substring(0, colon),
                    Arrays.stream(given.substring(colon + 1).split(","))
                            .map(Double::valueOf)
                            .toList(),
                    null);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new UnusableInputException("--region " + given + " is none; give KIND:x,y,… such as point:120,80", e);
        }
    }

    private static List<Category> classes(Path file) {
        try {
            return ClassList.parse(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }
}
