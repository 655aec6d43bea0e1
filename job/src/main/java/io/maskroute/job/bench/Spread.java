package io.maskroute.job.bench;

import java.util.List;

/**
 * A figure measured several times.
 *
 * @param values in the order of the pairs
 */
public record Spread(double median, double min, double max, List<Double> values) {
    static Spread of(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        double median = sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
        return new Spread(median, sorted.get(0), sorted.get(sorted.size() - 1), List.copyOf(values));
    }
}
