package io.maskroute.core.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.SegmentLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScheduleSearchTest {
    private static final int LAYERS = 6;
    private static final List<Integer> STRIDES = List.of(2, 3, 4);
    private static final int LEADING = 9;
    private static final int TASK = 5;
    private static final int OWN = 7;
    private static final ModelConfig CONFIG = config();

    private final ScheduleCosts costs =
            new ScheduleCosts(CONFIG, new Projector(ProjectorKind.LINEAR, 4, 3), LEADING, TASK, OWN);

    static IntStream seeds() {
        return IntStream.range(0, 40);
    }

    private record Damages(List<Map<Integer, Double>> image, double[] mask) {
        static Damages random(int seed) {
            Random random = new Random(seed);
            List<Map<Integer, Double>> image = new ArrayList<>();
            for (int layer = 0; layer < LAYERS; layer++) {
                Map<Integer, Double> ofLayer = new TreeMap<>();
                if (layer < LAYERS - 1) {
                    double size = random.nextDouble();
                    STRIDES.forEach(stride -> ofLayer.put(stride, size * (stride - 1 + random.nextDouble())));
                }
                image.add(ofLayer);
            }
            return new Damages(image, random.doubles(LAYERS, 0, 0.3).toArray());
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theChoiceIsTheBestOfAllSchedules(int seed) {
        Damages damages = Damages.random(seed);
        ScheduleSearch search = new ScheduleSearch(costs, damages.image(), damages.mask());
        double floor = search.floor();
        double budget = floor + (1 - floor) * new Random(seed).nextDouble();

        ScheduleSearch.Choice choice = search.choose(budget);

        assertThat(choice.flopsRatio()).isLessThanOrEqualTo(budget);
        assertThat(choice.flops()).isEqualTo(asked(choice));
        assertThat(choice.damage()).isCloseTo(leastOfAll(damages, budget), within(1e-12));
        search.uniform(budget).ifPresent(uniform -> {
            assertThat(uniform.flopsRatio()).isLessThanOrEqualTo(budget);
            assertThat(choice.damage()).isLessThanOrEqualTo(uniform.damage() + 1e-12);
        });
        assertThat(search.trace(budget)).allSatisfy(other -> {
            assertThat(other.flopsRatio()).isLessThanOrEqualTo(budget);
            assertThat(other.damage()).isGreaterThanOrEqualTo(choice.damage());
        });
    }

    /** What the model of the FLOPs says of the schedule that would be written. */
    private static long asked(ScheduleSearch.Choice choice) {
        int side = CONFIG.imageTokenSide();
        return FlopsModel.asRun(CONFIG, RoutingPlan.of(choice.schedule(), CONFIG, side, side), true)
                .image(new SegmentLayout(LEADING, side * side, TASK), OWN)
                .perPrompt()
                .get(0)
                .llm();
    }

    /** Every stride in every layer with every mask-token layer. */
    private double leastOfAll(Damages damages, double budget) {
        int options = STRIDES.size() + 1;
        double least = Double.POSITIVE_INFINITY;
        long[][] saved = new long[LAYERS][options];
        for (int layer = 0; layer < LAYERS - 1; layer++) {
            for (int option = 1; option < options; option++) {
                List<Integer> alone = new ArrayList<>(java.util.Collections.nCopies(LAYERS, 1));
                alone.set(layer, STRIDES.get(option - 1));
                saved[layer][option] = costs.of(costs.schedule(0, alone)) - costs.dense();
            }
        }
        int combinations = (int) Math.pow(options, LAYERS - 1);
        for (int maskLayer = 0; maskLayer <= LAYERS; maskLayer++) {
            long start = costs.of(costs.schedule(maskLayer, java.util.Collections.nCopies(LAYERS, 1)));
            double mask = 0;
            for (int layer = 0; layer < maskLayer; layer++) {
                mask += damages.mask()[layer];
            }
            for (int combination = 0; combination < combinations; combination++) {
                long flops = start;
                double damage = mask;
                for (int layer = 0, rest = combination; layer < LAYERS - 1; layer++, rest /= options) {
                    int option = rest % options;
                    flops += saved[layer][option];
                    damage += option == 0 ? 0 : damages.image().get(layer).get(STRIDES.get(option - 1));
                }
                if (flops <= budget * costs.dense()) {
                    least = Math.min(least, damage);
                }
            }
        }
        return least;
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aBudgetBelowTheFloorIsRefusedByName(int seed) {
        Damages damages = Damages.random(seed);
        ScheduleSearch search = new ScheduleSearch(costs, damages.image(), damages.mask());
        double floor = search.floor();

        assertThat(search.choose(floor).flopsRatio()).isCloseTo(floor, within(1e-12));
        assertThatThrownBy(() -> search.choose(floor * 0.999))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("is out of reach")
                .hasMessageContaining(String.format(java.util.Locale.ROOT, "the least is %.4g", floor));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theWholeBudgetIsTheDenseModel(int seed) {
        Damages damages = Damages.random(seed);

        ScheduleSearch.Choice choice = new ScheduleSearch(costs, damages.image(), damages.mask()).choose(1);

        assertThat(choice.schedule().isDense(LAYERS)).isTrue();
        assertThat(choice.damage()).isZero();
    }

    private static ModelConfig config() {
        return new ModelConfig(
                new ModelConfig.Image(64, List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0), 128),
                new ModelConfig.Swin(4, List.of(1, 1, 1, 1), List.of(1, 2, 2, 4), 4, 3, 4, 1e-5),
                new VisionProjector(VisionProjector.Kind.LINEAR, 3, 3),
                new ModelConfig.Llm(16, 64, LAYERS, 2, 2, 50, 1e-5, 10000, 256),
                new ModelConfig.PixelDecoder(4, 5, 2, 2, 7, 3),
                new ModelConfig.MaskDecoder(6, 2, 2, 9, 10),
                new ModelConfig.SpecialTokens(49, 48, 47));
    }
}
