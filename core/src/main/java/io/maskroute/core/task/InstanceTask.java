package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.torchscript.TorchScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * All objects of some classes. As in PSALM, the likeliest pairs of query and class, as many as there are queries, are the answer; a
 * score is the class's probability times the mask's quality. Pairs whose mask has no pixel are left out.
 *
 * @param categories in the prompt's order, without the background
 */
public record InstanceTask(List<Category> categories) implements Task {
    public InstanceTask {
        categories = List.copyOf(categories);
    }

    @Override
    public String label() {
        return "instance";
    }

    @Override
    public List<Condition> conditions() throws RowFailure {
        return ClassPrompt.conditions(categories, name -> name);
    }

    @Override
    public Head head() {
        return Head.CLASS;
    }

    private record Pair(int query, int category, float probability) {}

    @Override
    public List<ScoredMask> masks(Decoded decoded, AnswerRule rule) throws RowFailure {
        ClassPrompt.Probabilities probabilities = ClassPrompt.probabilities(decoded, categories);
        // No score exceeds its probability.
        TreeMap<Integer, List<Pair>> byQuery = new TreeMap<>();
        for (Pair pair : likeliest(probabilities)) {
            if (rule.isEnough(pair.probability())) {
                byQuery.computeIfAbsent(pair.query(), query -> new ArrayList<>())
                        .add(pair);
            }
        }
        List<Integer> queries = List.copyOf(byQuery.keySet());
        int step = decoded.masksAtOnce();
        List<ScoredMask> found = new ArrayList<>();
        for (int from = 0; from < queries.size(); from += step) {
            List<Integer> some = queries.subList(from, Math.min(queries.size(), from + step));
            add(decoded, rule, some, byQuery, found);
        }
        return rule.answer(found);
    }

    private List<Pair> likeliest(ClassPrompt.Probabilities probabilities) {
        List<Pair> pairs = new ArrayList<>();
        for (int query = 0; query < probabilities.queries(); query++) {
            for (int c = 0; c < categories.size(); c++) {
                pairs.add(new Pair(query, c, probabilities.at(query, c)));
            }
        }
        pairs.sort(Comparator.comparingDouble(pair -> -pair.probability()));
        return pairs.subList(0, Math.min(pairs.size(), probabilities.queries()));
    }

    private void add(
            Decoded decoded,
            AnswerRule rule,
            List<Integer> queries,
            TreeMap<Integer, List<Pair>> byQuery,
            List<ScoredMask> found) {
        try (TorchScope work = decoded.work().sibling()) {
            IValue[] masks = work.elements(
                    decoded.queryMasks(work, queries.stream().mapToLong(q -> q).toArray()));
            float[] qualities = work.floats(masks[0]);
            for (int i = 0; i < queries.size(); i++) {
                float quality = qualities[i];
                List<Pair> pairs = byQuery.get(queries.get(i)).stream()
                        .filter(pair -> quality > 0 && rule.isEnough(pair.probability() * quality))
                        .toList();
                if (!pairs.isEmpty()) {
                    BinaryMask mask = decoded.mask(work.bytes(masks[i + 1]));
                    pairs.forEach(pair -> found.add(
                            new ScoredMask(mask, pair.probability() * quality, categories.get(pair.category()), null)));
                }
            }
        }
    }

    @Override
    public void trace(Decoded decoded, IValue taps) {
        decoded.trace("trace_classes", taps, things(decoded.work(), categories, true));
    }

    /** bool {@code [C]}: which classes are things, or all of them. */
    static IValue things(TorchScope work, List<Category> categories, boolean all) {
        byte[] things = new byte[categories.size()];
        IntStream.range(0, things.length)
                .forEach(c -> things[c] = (byte) (all || categories.get(c).thing() ? 1 : 0));
        return work.run("is_one", work.bytes(things, things.length));
    }
}
