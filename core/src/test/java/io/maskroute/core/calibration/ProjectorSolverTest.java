package io.maskroute.core.calibration;

import static io.maskroute.core.calibration.DefinedSums.D;
import static io.maskroute.core.calibration.DefinedSums.add;
import static io.maskroute.core.calibration.DefinedSums.dot;
import static io.maskroute.core.calibration.DefinedSums.empty;
import static io.maskroute.core.calibration.DefinedSums.minus;
import static io.maskroute.core.calibration.KnownProjector.DELTA_RANK;
import static io.maskroute.core.calibration.KnownProjector.RANK;
import static io.maskroute.core.calibration.KnownProjector.apply;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.torchscript.TorchProgram;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fits against data whose projector is known. */
class ProjectorSolverTest {
    private static final ProjectorUnit UNIT = new ProjectorUnit(0, 2);

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

    /** Followers whose change is exactly that of a projector of these ranks. */
    @ParameterizedTest
    @CsvSource({"1", "2", "3", "4", "5", "6"})
    void aProjectorThatExplainsEverythingIsFound(int seed) {
        KnownProjector truth = new KnownProjector(seed);

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
        KnownProjector truth = new KnownProjector(seed);
        Map<String, double[]> training = truth.sums(500, 0.5);
        KnownProjector.Samples heldOut = truth.samples(100, 0.5);

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
        KnownProjector truth = new KnownProjector(seed);
        KnownProjector.Samples data = truth.samples(300, 1);
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
        KnownProjector truth = new KnownProjector(3);
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
        KnownProjector truth = new KnownProjector(seed);
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
        KnownProjector truth = new KnownProjector(5);

        FittedProjector fitted = solve(RANK, 0, truth.sums(500, 0.1), truth.sums(100, 0.1));

        assertThat(fitted.deltaDown()).isEmpty();
        assertThat(fitted.deltaUp()).isEmpty();
        assertThat(fitted.errors().fitted()).isEqualTo(fitted.errors().projector());
    }

    /** Every follower the same: no variance to divide by. */
    @Test
    void constantDataGiveTheirBias() {
        Map<String, double[]> sums = empty();
        double[] y = new KnownProjector(1).z();
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
        Map<String, double[]> some = new KnownProjector(1).sums(10, 0);

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

    private static float[] moved(Random random, float[] values, float by) {
        float[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += by * (float) random.nextGaussian();
        }
        return moved;
    }
}
