package io.maskroute.core.trace;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.PreparedPrompt.Span;
import io.maskroute.core.task.Category;
import io.maskroute.core.task.Drawn;
import io.maskroute.core.task.Head;
import io.maskroute.core.task.InstanceTask;
import io.maskroute.core.task.PanopticTask;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.RegionTask;
import io.maskroute.core.task.SemanticTask;
import io.maskroute.core.task.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The prompt of a whole-model fixture: token ids with placeholders for what is embedded otherwise.
 *
 * @param tail token ids after the mask tokens
 */
record FixturePrompt(PreparedPrompt prompt, int[] tail) {

    static FixturePrompt of(FixtureConfig fixture, TensorSource inputs) {
        int[] ids = ints(inputs.longs("input_ids"));
        FixtureConfig.Placeholders placeholders = fixture.placeholders();
        int image = position(inputs, ids, placeholders.image());
        int seg = position(inputs, ids, placeholders.seg());
        Task task = task(fixture, inputs);
        List<int[]> conditions = conditions(task, inputs);
        IntStream.Builder text = IntStream.builder();
        List<Span> spans = new ArrayList<>();
        Span latents = new Span(0, 0);
        int length = 0;
        for (int i = image + 1; i < seg; i++) {
            if (ids[i] >= 0) {
                text.add(ids[i]);
                length++;
                continue;
            }
            if (ids[i] == placeholders.latents()) {
                latents =
                        new Span(length, length + fixture.model().visualTokens().latents());
                IntStream.range(0, latents.length()).map(latent -> 0).forEach(text);
                length = latents.end();
                continue;
            }
            if (spans.size() == conditions.size()) {
                throw new UnusableInputException(inputs.origin() + ": input_ids hold more placeholders than the "
                        + conditions.size() + " conditions");
            }
            int[] condition = conditions.get(spans.size());
            Arrays.stream(condition).forEach(text);
            spans.add(new Span(length, length + condition.length));
            length += condition.length;
        }
        if (spans.size() != conditions.size() || spans.isEmpty()) {
            throw new UnusableInputException(inputs.origin() + ": input_ids hold " + spans.size() + " placeholders for "
                    + conditions.size() + " conditions");
        }
        return new FixturePrompt(
                new PreparedPrompt(
                        task, Arrays.copyOf(ids, image), text.build().toArray(), latents, spans, regions(task, inputs)),
                Arrays.copyOfRange(ids, seg + 1, ids.length));
    }

    private static Task task(FixtureConfig fixture, TensorSource inputs) {
        List<Category> categories = IntStream.range(0, fixture.classes().size())
                .mapToObj(i -> new Category(
                        i,
                        fixture.classes().get(i),
                        fixture.isThing().isEmpty() || fixture.isThing().get(i) == 1))
                .toList();
        return switch (fixture.task()) {
            case "referring" -> new ReferringTask(fixture.sentences());
            case "panoptic" -> new PanopticTask(categories);
            case "instance" -> new InstanceTask(categories);
            case "semantic" -> new SemanticTask(categories);
                // Its regions are sampled already.
            case "region" -> new RegionTask(Collections.nCopies(regionCount(inputs), Drawn.box(0, 0, 1, 1)), 0);
            default -> throw new UnusableInputException(
                    "a fixture of the task " + fixture.task() + " is not supported");
        };
    }

    private static int regionCount(TensorSource inputs) {
        return (int) inputs.info("region_points_yx").shape()[0];
    }

    /** Token ids of each condition, in order. */
    private static List<int[]> conditions(Task task, TensorSource inputs) {
        return switch (task.head()) {
            case SEG -> List.of(ints(inputs.longs("token_refer_id")));
            case CLASS -> classes(ints(inputs.longs("class_name_ids")), inputs.longs("cls_indices"));
            case REGION -> Collections.nCopies(regionCount(inputs), new int[1]);
        };
    }

    /** @param of which class each id belongs to, from 0 in order */
    private static List<int[]> classes(int[] ids, long[] of) {
        List<int[]> classes = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= ids.length; i++) {
            if (i == ids.length || of[i] != of[from]) {
                classes.add(Arrays.copyOfRange(ids, from, i));
                from = i;
            }
        }
        return classes;
    }

    private static List<float[]> regions(Task task, TensorSource inputs) {
        if (task.head() != Head.REGION) {
            return List.of();
        }
        float[] all = inputs.floats("region_points_yx");
        int count = regionCount(inputs);
        int each = all.length / count;
        return IntStream.range(0, count)
                .mapToObj(i -> Arrays.copyOfRange(all, i * each, (i + 1) * each))
                .toList();
    }

    private static int position(TensorSource inputs, int[] ids, int placeholder) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == placeholder) {
                return i;
            }
        }
        throw new UnusableInputException(inputs.origin() + ": input_ids hold no placeholder " + placeholder);
    }

    private static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }
}
