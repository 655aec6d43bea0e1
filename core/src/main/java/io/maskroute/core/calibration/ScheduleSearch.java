package io.maskroute.core.calibration;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.RoutingSchedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Chooses, under a budget of FLOPs, each layer's stride and the mask-token layer so that the damage is least: the sum of what
 * each routed layer does to the image tokens and what each skipped layer costs the mask tokens. Costs and damages add up
 * over layers, so the choice is exact: the front of all sums of costs and damages, layer by layer, without those that
 * another beats in both.
 */
public final class ScheduleSearch {
    private final ScheduleCosts costs;
    private final List<Map<Integer, Double>> imageDamage;
    private final double[] maskDamage;
    private final long[] maskCost;

    /**
     * @param imageDamage per layer, stride to damage; a layer without an entry stays dense
     * @param maskDamage per layer, what it costs the mask tokens to skip it
     */
    public ScheduleSearch(ScheduleCosts costs, List<Map<Integer, Double>> imageDamage, double[] maskDamage) {
        if (imageDamage.size() != costs.layers() || maskDamage.length != costs.layers()) {
            throw new IllegalArgumentException(
                    imageDamage.size() + " and " + maskDamage.length + " damages for " + costs.layers() + " layers");
        }
        this.costs = costs;
        this.imageDamage = imageDamage;
        this.maskDamage = maskDamage.clone();
        this.maskCost = new long[costs.layers() + 1];
        for (int layer = 0; layer < maskCost.length; layer++) {
            maskCost[layer] = costs.of(costs.schedule(layer, allDense())) - costs.dense();
        }
    }

    /**
     * A schedule with what it costs.
     *
     * @param strides per layer; 1 = dense
     * @param flopsRatio of the dense LLM
     */
    public record Choice(
            RoutingSchedule schedule,
            int maskTokenLayer,
            List<Integer> strides,
            long flops,
            double flopsRatio,
            double imageDamage,
            double maskDamage) {
        public double damage() {
            return imageDamage + maskDamage;
        }
    }

    /** Strides so far, as a list from the last layer to the first. */
    private record State(long flops, double damage, int stride, State before) {}

    /**
     * @param budget share of the dense FLOPs
     * @throws UnusableInputException when no schedule is within the budget, with the least share there is
     */
    public Choice choose(double budget) {
        return trace(budget).stream()
                .min(Comparator.comparingDouble(Choice::damage).thenComparingLong(Choice::flops))
                .orElseThrow(() -> new UnusableInputException(String.format(
                        Locale.ROOT,
                        "a budget of %.4g of the dense LLM FLOPs is out of reach: with these strides and ranks the least is"
                                + " %.4g (mask tokens after the last layer, the cheapest stride in every layer); raise"
                                + " --flops-budget, add larger --strides or lower the ranks",
                        budget,
                        floor())));
    }

    /** The best choice for each mask-token layer that is within the budget. */
    public List<Choice> trace(double budget) {
        List<State> front = front();
        double limit = budget * costs.dense();
        List<Choice> choices = new ArrayList<>();
        for (int layer = 0; layer < maskCost.length; layer++) {
            State best = null;
            for (State state : front) {
                // Ascending in cost, descending in damage.
                if (costs.dense() + maskCost[layer] + state.flops() <= limit) {
                    best = state;
                }
            }
            if (best != null) {
                choices.add(choice(layer, strides(best)));
            }
        }
        return choices;
    }

    /** The best schedule within the budget that has one stride in all layers that may be routed, if there is one. */
    public Optional<Choice> uniform(double budget) {
        List<Choice> choices = new ArrayList<>();
        for (int stride : imageDamage.stream()
                .flatMap(d -> d.keySet().stream())
                .distinct()
                .toList()) {
            List<Integer> strides = imageDamage.stream()
                    .map(damage -> damage.containsKey(stride) ? stride : ScheduleCosts.DENSE)
                    .toList();
            for (int layer = 0; layer < maskCost.length; layer++) {
                choices.add(choice(layer, strides));
            }
        }
        return choices.stream()
                .filter(choice -> choice.flops() <= budget * costs.dense())
                .min(Comparator.comparingDouble(Choice::damage).thenComparingLong(Choice::flops));
    }

    /** The least share of the dense FLOPs that any schedule reaches. */
    public double floor() {
        return (double) (costs.dense()
                        + Arrays.stream(maskCost).min().orElseThrow()
                        + front().get(0).flops())
                / costs.dense();
    }

    private List<State> front() {
        List<State> front = List.of(new State(0, 0, 0, null));
        for (int layer = 0; layer < costs.layers(); layer++) {
            List<State> next = new ArrayList<>();
            for (State state : front) {
                next.add(new State(state.flops(), state.damage(), ScheduleCosts.DENSE, state));
            }
            for (Map.Entry<Integer, Double> option : imageDamage.get(layer).entrySet()) {
                List<Integer> alone = new ArrayList<>(allDense());
                alone.set(layer, option.getKey());
                long saved = costs.of(costs.schedule(0, alone)) - costs.dense();
                for (State state : front) {
                    next.add(new State(
                            state.flops() + saved, state.damage() + option.getValue(), option.getKey(), state));
                }
            }
            next.sort(Comparator.comparingLong(State::flops)
                    .thenComparingDouble(State::damage)
                    .thenComparingInt(State::stride));
            List<State> kept = new ArrayList<>();
            double least = Double.POSITIVE_INFINITY;
            for (State state : next) {
                if (state.damage() < least) {
                    least = state.damage();
                    kept.add(state);
                }
            }
            front = kept;
        }
        return front;
    }

    private static List<Integer> strides(State last) {
        List<Integer> strides = new ArrayList<>();
        for (State state = last; state.before() != null; state = state.before()) {
            strides.add(state.stride());
        }
        Collections.reverse(strides);
        return strides;
    }

    private Choice choice(int maskTokenLayer, List<Integer> strides) {
        RoutingSchedule schedule = costs.schedule(maskTokenLayer, strides);
        double image = 0;
        double mask = 0;
        for (int layer = 0; layer < strides.size(); layer++) {
            image += strides.get(layer) == ScheduleCosts.DENSE
                    ? 0
                    : imageDamage.get(layer).get(strides.get(layer));
            mask += layer < maskTokenLayer ? maskDamage[layer] : 0;
        }
        long flops = costs.of(schedule);
        return new Choice(schedule, maskTokenLayer, strides, flops, (double) flops / costs.dense(), image, mask);
    }

    private List<Integer> allDense() {
        return Collections.nCopies(costs.layers(), ScheduleCosts.DENSE);
    }
}
