package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Segments that do not overlap: one per thing, one per class of stuff. As in PSALM, queries that are surely of a class share out the
 * pixels, and those that keep too little of their mask are left out. A segment's score is its class's probability; of stuff, the
 * highest of the queries it is made of.
 *
 * @param categories in the prompt's order, without the background
 */
public record PanopticTask(List<Category> categories) implements Task {
    /** Below it, a query is of no class. */
    private static final double LEAST_PROBABILITY = 0.8;

    /** Pixels won over pixels of the mask: below it, a query is mostly another's. */
    private static final double LEAST_OVERLAP = 0.8;

    public PanopticTask {
        categories = List.copyOf(categories);
    }

    @Override
    public String label() {
        return "panoptic";
    }

    @Override
    public List<Condition> conditions() throws RowFailure {
        return ClassPrompt.conditions(categories, name -> name);
    }

    @Override
    public Head head() {
        return Head.CLASS;
    }

    @Override
    public List<ScoredMask> masks(Decoded decoded, AnswerRule rule) throws RowFailure {
        Segments segments = segments(decoded);
        List<ScoredMask> masks = new ArrayList<>();
        for (Segment segment : segments.all()) {
            if (rule.isEnough(segment.probability())) {
                IValue mask = segments.mask(decoded, segment);
                masks.add(new ScoredMask(
                        decoded.mask(decoded.work().bytes(mask)),
                        segment.probability(),
                        categories.get(segment.category()),
                        null));
                decoded.work().free(mask);
            }
        }
        return rule.answer(masks);
    }

    /** @param members indices of winners */
    private record Segment(int category, float probability, List<Long> members) {
        Segment with(long member, float other) {
            List<Long> more = new ArrayList<>(members);
            more.add(member);
            return new Segment(category, Math.max(probability, other), more);
        }
    }

    /** @param winners what {@code panoptic_winners} gave; null where there is no segment */
    private record Segments(List<Segment> all, IValue[] winners) {
        /** uint8 {@code [W, H]} */
        IValue mask(Decoded decoded, Segment segment) {
            return decoded.work()
                    .run(
                            "segment_mask",
                            winners[0],
                            winners[1],
                            decoded.work()
                                    .longsOnDevice(segment.members().stream()
                                            .mapToLong(m -> m)
                                            .toArray()));
        }
    }

    /** In the order of their first query, as PSALM numbers them. */
    private Segments segments(Decoded decoded) throws RowFailure {
        ClassPrompt.Probabilities probabilities = ClassPrompt.probabilities(decoded, categories);
        List<Integer> queries = new ArrayList<>();
        for (int query = 0; query < probabilities.queries(); query++) {
            int best = probabilities.best(query);
            if (best != probabilities.background() && probabilities.at(query, best) > LEAST_PROBABILITY) {
                queries.add(query);
            }
        }
        if (queries.isEmpty()) {
            return new Segments(List.of(), null);
        }
        float[] of = new float[queries.size()];
        for (int k = 0; k < of.length; k++) {
            of[k] = probabilities.at(queries.get(k), probabilities.best(queries.get(k)));
        }
        IValue[] winners = decoded.work()
                .elements(decoded.work()
                        .run(
                                "panoptic_winners",
                                decoded.embeddings(),
                                decoded.features(),
                                decoded.work().of((long) decoded.maskSize()),
                                decoded.content(),
                                decoded.original(),
                                decoded.work()
                                        .longsOnDevice(queries.stream()
                                                .mapToLong(q -> q)
                                                .toArray()),
                                decoded.work()
                                        .run(
                                                "to_device_of",
                                                decoded.work().floats(of, of.length),
                                                decoded.embeddings()),
                                decoded.work().of(Decoded.MASK_PIXELS)));
        long[] won = decoded.work().longs(winners[2]);
        long[] wonSurely = decoded.work().longs(winners[3]);
        long[] area = decoded.work().longs(winners[4]);
        List<Segment> segments = new ArrayList<>();
        Map<Integer, Integer> stuff = new HashMap<>();
        for (int k = 0; k < of.length; k++) {
            if (wonSurely[k] == 0 || (double) won[k] / area[k] < LEAST_OVERLAP) {
                continue;
            }
            int category = probabilities.best(queries.get(k));
            Integer same = stuff.get(category);
            if (same != null) {
                segments.set(same, segments.get(same).with(k, of[k]));
                continue;
            }
            if (!categories.get(category).thing()) {
                stuff.put(category, segments.size());
            }
            segments.add(new Segment(category, of[k], List.of((long) k)));
        }
        return new Segments(segments, winners);
    }

    @Override
    public void trace(Decoded decoded, IValue taps) {
        decoded.trace("trace_classes", taps, InstanceTask.things(decoded.work(), categories, false));
        try {
            Segments segments = segments(decoded);
            IValue none = decoded.work().run("no_tensors");
            decoded.trace(
                    "trace_panoptic",
                    taps,
                    segments.all().isEmpty()
                            ? none
                            : decoded.work()
                                    .list(segments.all().stream()
                                            .map(segment -> segments.mask(decoded, segment))
                                            .toArray(IValue[]::new)));
        } catch (RowFailure e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
