package io.maskroute.core.trace;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A trace against a fixture's expected values.
 *
 * <p>Tolerances are the fixtures' own (fp32): 1e-4 for mask logits, 1e-5 for every other number, equality for whole numbers and
 * attention masks. Where a fixture says how far its expected value is from one in fp64, the tolerance is not below {@value
 * #NOISE_FLOORS} times that: both sides are computed in fp32, and activations are not all of size 1. Single pixels of the final masks may flip where the logit is that close to zero. Top-k results have no
 * defined order and are compared in the order of their scores.
 */
public final class Comparison {
    private static final double TOLERANCE = 1e-5;
    private static final double MASK_LOGIT_TOLERANCE = 1e-4;

    private static final double NOISE_FLOORS = 3;

    /** Share of pixels of the final masks that may flip. */
    private static final double FLIPPED_PIXELS = 1e-4;

    private static final String SCORES = "result.scores";
    private static final String MASKS = "result.pred_masks";

    /** One row for each of the scores, where those are a list: regions' are a table, of queries in order. */
    private static final Set<String> ORDERED = Set.of(SCORES, MASKS, "result.pred_classes");

    private final List<Line> lines;

    private Comparison(List<Line> lines) {
        this.lines = List.copyOf(lines);
    }

    /**
     * One tensor.
     *
     * @param difference the largest absolute difference; infinite for another shape, NaN when the trace does not have it
     */
    public record Line(String name, double difference, double tolerance) {
        public boolean traced() {
            return !Double.isNaN(difference);
        }

        public boolean within() {
            return difference <= tolerance;
        }
    }

    public static Comparison of(Trace trace, Path expectedFile) {
        try (TensorSource expected = Safetensors.open(expectedFile)) {
            Map<String, Double> floors = noiseFloors(expectedFile.resolveSibling("config.json"));
            List<Line> lines = new ArrayList<>();
            for (String name : expected.names()) {
                lines.add(line(name, trace, expected, NOISE_FLOORS * floors.getOrDefault(name, 0.0)));
            }
            return new Comparison(lines);
        }
    }

    /** By tensor; a routed fixture has none. */
    private static Map<String, Double> noiseFloors(Path config) {
        Map<String, Double> floors = new HashMap<>();
        if (Files.exists(config)) {
            JsonFields measured = JsonFields.read(config).object("fp32_vs_fp64_max_abs");
            measured.names().forEach(name -> floors.put(name, measured.number(name)));
        }
        return floors;
    }

    private static Line line(String name, Trace trace, TensorSource expected, double noise) {
        TracedTensor actual = trace.get(name);
        double tolerance = tolerance(name, expected.info(name).dtype(), noise);
        if (actual == null) {
            return new Line(name, Double.NaN, tolerance);
        }
        TracedTensor wanted = TracedTensor.read(expected, name);
        if (!Arrays.equals(actual.info().shape(), wanted.info().shape())) {
            return new Line(name, Double.POSITIVE_INFINITY, tolerance);
        }
        if (ORDERED.contains(name) && expected.info(SCORES).shape().length == 1) {
            actual = ordered(actual, trace.get(SCORES));
            wanted = ordered(wanted, TracedTensor.read(expected, SCORES));
        }
        return new Line(
                name,
                name.equals(MASKS) ? flipped(actual, wanted) : largest(actual.values(), wanted.values()),
                tolerance);
    }

    private static double tolerance(String name, DType dtype, double noise) {
        if (name.equals(MASKS)) {
            return FLIPPED_PIXELS;
        }
        if (!dtype.isFloating()) {
            return 0;
        }
        return Math.max(name.contains("mask_logits") ? MASK_LOGIT_TOLERANCE : TOLERANCE, noise);
    }

    private static double largest(double[] actual, double[] wanted) {
        double largest = 0;
        for (int i = 0; i < actual.length; i++) {
            double difference = Math.abs(actual[i] - wanted[i]);
            // NaN equals nothing, and Math.max keeps it.
            largest =
                    actual[i] == wanted[i] ? largest : Math.max(largest, Double.isNaN(difference) ? 1e300 : difference);
        }
        return largest;
    }

    private static double flipped(TracedTensor actual, TracedTensor wanted) {
        long flips = IntStream.range(0, actual.values().length)
                .filter(i -> actual.values()[i] != wanted.values()[i])
                .count();
        return (double) flips / actual.values().length;
    }

    /** Rows in the order of descending score. */
    private static TracedTensor ordered(TracedTensor tensor, TracedTensor scores) {
        int rows = scores.values().length;
        int width = tensor.values().length / rows;
        Integer[] order = IntStream.range(0, rows).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(row -> -scores.values()[row]));
        double[] out = new double[tensor.values().length];
        for (int i = 0; i < rows; i++) {
            System.arraycopy(tensor.values(), order[i] * width, out, i * width, width);
        }
        return new TracedTensor(tensor.info(), out);
    }

    public List<Line> lines() {
        return lines;
    }

    /** Tensors beyond their tolerance; those that the trace does not compute are not among them. */
    public List<Line> beyond() {
        return lines.stream().filter(line -> line.traced() && !line.within()).toList();
    }
}
