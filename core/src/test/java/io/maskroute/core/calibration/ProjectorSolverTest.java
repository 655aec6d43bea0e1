package io.maskroute.core.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingScheduleReader;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums against their definition, and fits against data whose projector is known. */
class ProjectorSolverTest {
    private static final int D = 12;
    private static final int SIDE = 5;
    private static final SegmentLayout LAYOUT = new SegmentLayout(3, SIDE * SIDE, 2);
    private static final ProjectorUnit UNIT = new ProjectorUnit(0, 2);
    private static final int RANK = 3;
    private static final int DELTA_RANK = 2;

    private static TorchProgram program;

    @BeforeAll
    static void load() {
        program = TorchProgram.load("cpu");
        TorchProgram.enterThread(1);
    }

    @AfterAll
    static void close() {
        program.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void theSumsAreThoseOfTheDefinition(int stride) {
        Random random = new Random(stride);
        LayerRouting routing = routing(stride);
        float[] h = normal(random, LAYOUT.tokens() * D);
        float[] f = normal(random, LAYOUT.tokens() * D);
        float[] out = normal(random, LAYOUT.tokens() * D);

        Map<String, double[]> sums = sums(h, f, out, routing);

        Map<String, double[]> expected = empty();
        for (int t = 0; t < LAYOUT.image(); t++) {
            double[] x = row(out, LAYOUT.leading() + t);
            expected.get("rest")[1]++;
            expected.get("rest")[2] += dot(x, x);
            if (!routing.grid().isProxy(t)) {
                int proxy = routing.grid().proxyIndex(routing.grid().proxyOf(t));
                add(
                        expected,
                        row(f, LAYOUT.leading() + proxy),
                        minus(row(h, LAYOUT.leading() + t), row(h, LAYOUT.leading() + proxy)),
                        row(f, LAYOUT.leading() + t));
            }
        }
        assertThat(sums.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(sums.get(name)).as(name).containsExactly(values, within(1e-10)));
    }

    @Test
    void sumsOfPartsAddUpToThoseOfTheWhole() {
        Random random = new Random(1);
        LayerRouting routing = routing(2);
        Map<String, double[]> apart = empty();
        Map<String, double[]> together;
        try (FollowerSums whole = new FollowerSums(program, D)) {
            for (int picture = 0; picture < 3; picture++) {
                float[] h = normal(random, LAYOUT.tokens() * D);
                float[] f = normal(random, LAYOUT.tokens() * D);
                sums(h, f, f, routing).forEach((name, values) -> {
                    for (int i = 0; i < values.length; i++) {
                        apart.get(name)[i] += values[i];
                    }
                });
                try (TorchScope work = program.scope()) {
                    whole.add(work, seen(work, h, f, f), LAYOUT, routing);
                }
            }
            together = whole.values();
        }
        apart.forEach((name, values) -> assertThat(together.get(name)).as(name).containsExactly(values, within(1e-10)));
    }

    /** Followers whose change is exactly that of a projector of these ranks. */
    @ParameterizedTest
    @CsvSource({"1", "2", "3", "4", "5", "6"})
    void aProjectorThatExplainsEverythingIsFound(int seed) {
        Truth truth = new Truth(seed);

        FittedProjector fitted = solve(RANK, DELTA_RANK, truth.sums(4000, 0), truth.sums(1000, 0));

        assertThat(fitted.errors().untrained()).isGreaterThan(0.2);
        assertThat(fitted.errors().fitted()).isLessThan(2e-3);
        assertThat(fitted.errors().projector())
                .isGreaterThan(10 * fitted.errors().fitted());
        // The parts are not unique, what they do to a token is: as far as it goes on the data.
        double wrong = 0;
        double right = 0;
        for (int i = 0; i < 200; i++) {
            double[] z = truth.z();
            double[] delta = truth.delta(z);
            double[] expected = truth.change(z, delta);
            double[] off = minus(apply(fitted, z, delta), expected);
            wrong += dot(off, off);
            right += dot(expected, expected);
        }
        assertThat(wrong / right).isLessThan(2e-3);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void theReportedErrorIsThatOfTheProjectorOnThatData(int seed) {
        Truth truth = new Truth(seed);
        Map<String, double[]> training = truth.sums(500, 0.5);
        Truth.Samples heldOut = truth.samples(100, 0.5);

        FittedProjector fitted = solve(RANK, DELTA_RANK, training, heldOut.sums());

        assertThat(fitted.errors().fitted()).isCloseTo(heldOut.error(fitted), within(1e-5));
        assertThat(fitted.errors().damage())
                .isCloseTo(
                        heldOut.error(fitted)
                                * heldOut.energy()
                                / heldOut.sums().get("rest")[2],
                        within(1e-5));
        assertThat(fitted.errors().heldOutFollowers()).isEqualTo(100);
        assertThat(fitted.errors().followers()).isEqualTo(500);
    }

    /** Noisy data, hardly any ridge: no projector nearby, of the same ranks, does better. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void noChangeOfAPartFitsTheTrainingDataBetter(int seed) {
        Truth truth = new Truth(seed);
        Truth.Samples data = truth.samples(300, 1);
        FittedProjector best = solve(RANK, DELTA_RANK, data.sums(), data.sums());
        double least = data.error(best);
        Random random = new Random(seed);

        for (int i = 0; i < 60; i++) {
            // The delta term is fitted last, so it is at its exact optimum; the others are close to theirs.
            boolean delta = i % 2 == 0;
            float by = 0.05f;
            FittedProjector other = new FittedProjector(
                    UNIT,
                    best.scale(),
                    delta ? best.down() : moved(random, best.down(), by),
                    delta ? best.up() : moved(random, best.up(), by),
                    best.bias(),
                    delta ? moved(random, best.deltaDown(), by) : best.deltaDown(),
                    delta ? moved(random, best.deltaUp(), by) : best.deltaUp(),
                    best.errors());
            assertThat(data.error(other)).isGreaterThan(least);
        }
    }

    @Test
    void aStrongRidgeLeavesTheUntrainedProjector() {
        Truth truth = new Truth(3);
        Map<String, double[]> sums = truth.sums(500, 0);

        FittedProjector weak = new ProjectorSolver(program, new ProjectorSolver.Options(RANK, DELTA_RANK, 1e-6))
                .solve(UNIT, sums, sums);
        FittedProjector strong = new ProjectorSolver(program, new ProjectorSolver.Options(RANK, DELTA_RANK, 1e6))
                .solve(UNIT, sums, sums);

        assertThat(weak.errors().fitted()).isLessThan(0.01);
        for (float value : strong.scale()) {
            assertThat(value).isCloseTo(1, within(1e-4f));
        }
        for (float value : strong.deltaDown()) {
            assertThat(value).isCloseTo(0, within(1e-4f));
        }
    }

    /** With hardly more samples than channels, a fit without ridge follows the noise. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void theRidgeBySamplesHelpsWhereTheyAreFew(int seed) {
        Truth truth = new Truth(seed);
        Map<String, double[]> few = truth.sums(2 * D, 1);
        Map<String, double[]> heldOut = truth.sums(2000, 1);

        FittedProjector bySamples = new ProjectorSolver(
                        program, new ProjectorSolver.Options(RANK, DELTA_RANK, ProjectorSolver.Options.BY_SAMPLES))
                .solve(UNIT, few, heldOut);

        assertThat(bySamples.errors().fitted())
                .isLessThan(solve(RANK, DELTA_RANK, few, heldOut).errors().fitted());
    }

    @Test
    void withoutDeltaRankThereIsNoDeltaTerm() {
        Truth truth = new Truth(5);

        FittedProjector fitted = solve(RANK, 0, truth.sums(500, 0.1), truth.sums(100, 0.1));

        assertThat(fitted.deltaDown()).isEmpty();
        assertThat(fitted.deltaUp()).isEmpty();
        assertThat(fitted.errors().fitted()).isEqualTo(fitted.errors().projector());
    }

    /** Every follower the same: no variance to divide by. */
    @Test
    void constantDataGiveTheirBias() {
        Map<String, double[]> sums = empty();
        double[] y = new Truth(1).z();
        for (int i = 0; i < 10; i++) {
            add(sums, new double[D], new double[D], y);
        }
        sums.get("rest")[2] = 1;

        FittedProjector fitted = solve(RANK, DELTA_RANK, sums, sums);

        assertThat(fitted.errors().untrained()).isCloseTo(1, within(1e-9));
        assertThat(fitted.errors().fitted()).isCloseTo(0, within(1e-9));
    }

    @Test
    void noFollowersAreRefused() {
        Map<String, double[]> some = new Truth(1).sums(10, 0);

        assertThatThrownBy(() -> solve(RANK, DELTA_RANK, some, Map.of()))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage(
                        "layer 0, stride 2: no picture held out could be used; give more pictures, or another held-out"
                                + " share");
        assertThatThrownBy(() -> solve(RANK, DELTA_RANK, empty(), some))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("no picture to fit to could be used");
    }

    private static FittedProjector solve(
            int rank, int deltaRank, Map<String, double[]> training, Map<String, double[]> heldOut) {
        return new ProjectorSolver(program, new ProjectorSolver.Options(rank, deltaRank, 1e-9))
                .solve(UNIT, training, heldOut);
    }

    /** A random projector, and data around it. */
    private static final class Truth {
        private final Random random;
        private final double[] scale;
        private final double[][] mix;
        private final double[][] a;
        private final double[][] jacobian;
        private final double[] bias;

        Truth(long seed) {
            random = new Random(seed);
            scale = random.doubles(D, 0.5, 1.5).toArray();
            mix = product(matrix(D, D), matrix(D, D), 0.1);
            a = product(matrix(D, RANK), matrix(RANK, D), 0.3);
            jacobian = product(matrix(D, DELTA_RANK), matrix(DELTA_RANK, D), 0.5);
            bias = gaussian();
        }

        double[] z() {
            double[] z = gaussian();
            double[] mixed = times(mix, z);
            for (int i = 0; i < D; i++) {
                z[i] += mixed[i] + 0.3;
            }
            return z;
        }

        /** Correlated with z, as the change of a token's input is with its proxy's. */
        double[] delta(double[] z) {
            double[] delta = gaussian();
            for (int i = 0; i < D; i++) {
                delta[i] -= 0.2 * z[i];
            }
            return delta;
        }

        double[] change(double[] z, double[] delta) {
            double[] low = times(a, z);
            double[] first = times(jacobian, delta);
            double[] y = new double[D];
            for (int i = 0; i < D; i++) {
                y[i] = scale[i] * z[i] + low[i] + first[i] + bias[i];
            }
            return y;
        }

        Map<String, double[]> sums(int count, double noise) {
            return samples(count, noise).sums();
        }

        Samples samples(int count, double noise) {
            double[][][] rows = new double[count][][];
            for (int i = 0; i < count; i++) {
                double[] z = z();
                double[] delta = delta(z);
                double[] y = change(z, delta);
                for (int c = 0; c < D; c++) {
                    y[c] += noise * random.nextGaussian();
                }
                rows[i] = new double[][] {z, delta, y};
            }
            return new Samples(rows);
        }

        record Samples(double[][][] rows) {
            Map<String, double[]> sums() {
                Map<String, double[]> sums = empty();
                for (double[][] row : rows) {
                    add(sums, row[0], row[1], row[2]);
                }
                sums.get("rest")[2] = 7.0 * rows.length;
                return sums;
            }

            double energy() {
                double sum = 0;
                for (double[][] row : rows) {
                    sum += dot(row[2], row[2]);
                }
                return sum;
            }

            double error(FittedProjector projector) {
                double sum = 0;
                for (double[][] row : rows) {
                    double[] off = minus(apply(projector, row[0], row[1]), row[2]);
                    sum += dot(off, off);
                }
                return sum / energy();
            }
        }

        private double[] gaussian() {
            return random.doubles(D, -1.7, 1.7).toArray();
        }

        private double[][] matrix(int rows, int columns) {
            double[][] matrix = new double[rows][];
            for (int i = 0; i < rows; i++) {
                matrix[i] = random.doubles(columns, -1, 1).toArray();
            }
            return matrix;
        }
    }

    private static double[] apply(FittedProjector p, double[] z, double[] delta) {
        double[] y = new double[D];
        for (int i = 0; i < D; i++) {
            y[i] = p.scale()[i] * z[i] + p.bias()[i];
        }
        lowRank(y, p.up(), p.down(), z);
        lowRank(y, p.deltaUp(), p.deltaDown(), delta);
        return y;
    }

    private static void lowRank(double[] y, float[] up, float[] down, double[] x) {
        int rank = down.length / D;
        for (int r = 0; r < rank; r++) {
            double low = 0;
            for (int i = 0; i < D; i++) {
                low += down[r * D + i] * x[i];
            }
            for (int i = 0; i < D; i++) {
                y[i] += up[i * rank + r] * low;
            }
        }
    }

    private static Map<String, double[]> sums(float[] h, float[] f, float[] out, LayerRouting routing) {
        try (FollowerSums sums = new FollowerSums(program, D);
                TorchScope work = program.scope()) {
            sums.add(work, seen(work, h, f, out), LAYOUT, routing);
            return sums.values();
        }
    }

    private static IValue seen(TorchScope work, float[] h, float[] f, float[] out) {
        IValue seen = work.dictionary();
        work.run("put", seen, work.of("h"), work.floats(h, 1, LAYOUT.tokens(), D));
        work.run("put", seen, work.of("f"), work.floats(f, 1, LAYOUT.tokens(), D));
        work.run("put", seen, work.of("out"), work.floats(out, 1, LAYOUT.tokens(), D));
        return seen;
    }

    private static LayerRouting routing(int stride) {
        String schedule =
                """
                {"format":1,"mask_token_layer":0,"image_tokens":{"proxies":{"kind":"grid","stride":%d},"layers":"all",\
                "projector":{"kind":"linear","rank":1}}}"""
                        .formatted(stride);
        return RoutingPlan.of(
                        RoutingScheduleReader.parse(schedule, "test"),
                        new io.maskroute.core.config.ModelConfig.Llm(D, 2 * D, 1, 2, 2, 50, 1e-5, 10000, 64),
                        SIDE,
                        SIDE)
                .layer(0);
    }

    private static Map<String, double[]> empty() {
        Map<String, double[]> sums = new HashMap<>();
        for (String name : new String[] {"zz", "zd", "zy", "dd", "dy"}) {
            sums.put(name, new double[D * D]);
        }
        for (String name : new String[] {"z", "d", "y", "yy"}) {
            sums.put(name, new double[D]);
        }
        sums.put("rest", new double[3]);
        return sums;
    }

    private static void add(Map<String, double[]> sums, double[] z, double[] delta, double[] y) {
        outer(sums.get("zz"), z, z);
        outer(sums.get("zd"), z, delta);
        outer(sums.get("zy"), z, y);
        outer(sums.get("dd"), delta, delta);
        outer(sums.get("dy"), delta, y);
        for (int i = 0; i < D; i++) {
            sums.get("z")[i] += z[i];
            sums.get("d")[i] += delta[i];
            sums.get("y")[i] += y[i];
            sums.get("yy")[i] += y[i] * y[i];
        }
        sums.get("rest")[0]++;
    }

    private static void outer(double[] sum, double[] a, double[] b) {
        for (int i = 0; i < D; i++) {
            for (int j = 0; j < D; j++) {
                sum[i * D + j] += a[i] * b[j];
            }
        }
    }

    private static double[][] product(double[][] a, double[][] b, double by) {
        double[][] product = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int k = 0; k < b.length; k++) {
                    product[i][j] += by * a[i][k] * b[k][j];
                }
            }
        }
        return product;
    }

    private static double[] times(double[][] a, double[] x) {
        double[] y = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            y[i] = dot(a[i], x);
        }
        return y;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double[] minus(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }

    private static double[] row(float[] matrix, int row) {
        double[] values = new double[D];
        for (int i = 0; i < D; i++) {
            values[i] = matrix[row * D + i];
        }
        return values;
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] moved(Random random, float[] values, float by) {
        float[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += by * (float) random.nextGaussian();
        }
        return moved;
    }
}
