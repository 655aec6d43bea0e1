package io.maskroute.job.input;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.task.Category;
import io.maskroute.core.task.Drawn;
import io.maskroute.core.task.InstanceTask;
import io.maskroute.core.task.PanopticTask;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.RegionTask;
import io.maskroute.core.task.SemanticTask;
import io.maskroute.core.task.Task;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.datasets.schema.Region;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the model is asked by a dataset's prompts.
 *
 * @param classSets the dataset's vocabularies by name
 */
public record Prompts(TreeMap<String, List<Category>> classSets) implements Serializable {
    /** A dataset without vocabularies. */
    public static final Prompts NO_CLASSES = new Prompts(new TreeMap<>());

    public static Prompts of(DatasetManifest manifest) {
        return of(manifest.classSets());
    }

    /** @param classSets vocabularies by name */
    public static Prompts of(Map<String, List<DatasetManifest.Category>> classSets) {
        TreeMap<String, List<Category>> sets = new TreeMap<>();
        classSets.forEach((name, classes) -> sets.put(
                name,
                classes.stream()
                        .map(each -> new Category(each.id(), each.name(), each.isThing()))
                        .toList()));
        return new Prompts(sets);
    }

    /**
     * @param imageId the picture's own
     * @throws RowFailure at stage {@code read} when the prompt cannot be asked: what {@link PromptRow#requireUsable} says, {@code
     *     unknown-class-set}, {@code bad-region}, and {@code unsupported-task} for regions of another picture
     */
    public Task task(PromptRow prompt, String imageId) throws RowFailure {
        return switch (prompt.requireUsable()) {
            case REFERRING -> new ReferringTask(prompt.texts());
            case PANOPTIC -> new PanopticTask(classes(prompt));
            case INSTANCE -> new InstanceTask(classes(prompt));
            case SEMANTIC -> new SemanticTask(classes(prompt));
            case REGION -> regions(prompt, imageId);
        };
    }

    /** For training and calibration, which know referring prompts only. */
    public static ReferringTask referring(PromptRow prompt) throws RowFailure {
        if (prompt.requireUsable() != PromptTask.REFERRING) {
            throw new RowFailure(
                    Stage.READ, "unsupported-task", "referring prompts are used here, not " + prompt.task() + " ones");
        }
        return new ReferringTask(prompt.texts());
    }

    private List<Category> classes(PromptRow prompt) throws RowFailure {
        List<Category> classes = prompt.classSet() == null ? null : classSets.get(prompt.classSet());
        if (classes == null || classes.isEmpty()) {
            throw new RowFailure(
                    Stage.READ,
                    "unknown-class-set",
                    prompt.task() + " prompt " + prompt.promptId() + " has the class_set " + prompt.classSet()
                            + "; the dataset's " + DatasetManifest.FILE_NAME + " has classes for "
                            + (classSets.isEmpty() ? "none" : String.join(", ", classSets.keySet())));
        }
        return classes;
    }

    /** The points that are sampled depend on the prompt's name alone, so that what runs beside it changes nothing. */
    private static RegionTask regions(PromptRow prompt, String imageId) throws RowFailure {
        if (prompt.regions().isEmpty()) {
            throw bad(prompt, "has no regions");
        }
        List<Drawn> regions = new ArrayList<>();
        for (Region region : prompt.regions()) {
            if (region.imageId() != null && !region.imageId().equals(imageId)) {
                throw new RowFailure(
                        Stage.READ,
                        "unsupported-task",
                        "region prompt " + prompt.promptId() + " has a region of another picture, " + region.imageId()
                                + "; only regions of the prompt's own picture can be run");
            }
            regions.add(region(prompt, region));
        }
        return new RegionTask(regions, prompt.promptId().hashCode());
    }

    private static Drawn region(PromptRow prompt, Region region) throws RowFailure {
        double[] numbers =
                region.coordinates().stream().mapToDouble(Double::doubleValue).toArray();
        boolean box = "box".equals(region.kind());
        boolean grown = "point".equals(region.kind()) || "scribble".equals(region.kind());
        if (!box && !grown && !"mask".equals(region.kind())) {
            throw bad(prompt, "has a region of the kind " + region.kind() + "; known are point, box, scribble, mask");
        }
        for (double number : numbers) {
            if (!Double.isFinite(number)) {
                throw bad(prompt, "has a " + region.kind() + " with a coordinate that is no number");
            }
        }
        int radius = "point".equals(region.kind()) ? Drawn.POINT_RADIUS : Drawn.SCRIBBLE_RADIUS;
        if (region.mask() != null) {
            try {
                BinaryMask mask = region.mask().decode().toMask();
                return grown ? Drawn.grown(mask, radius) : Drawn.of(mask);
            } catch (InvalidRleException e) {
                throw bad(prompt, "has a region whose mask cannot be read: " + e.getMessage());
            }
        }
        if (box && numbers.length == 4) {
            return Drawn.box(numbers[0], numbers[1], numbers[2], numbers[3]);
        }
        if (grown && numbers.length > 0 && numbers.length % 2 == 0) {
            return Drawn.discs(numbers, radius);
        }
        throw bad(
                prompt,
                "has a " + region.kind() + " of " + numbers.length + " coordinates"
                        + ("mask".equals(region.kind())
                                ? " and no mask"
                                : box ? "; a box has 4" : "; they come in pairs"));
    }

    private static RowFailure bad(PromptRow prompt, String message) {
        return new RowFailure(Stage.READ, "bad-region", "region prompt " + prompt.promptId() + " " + message);
    }
}
