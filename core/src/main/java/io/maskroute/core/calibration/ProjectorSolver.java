package io.maskroute.core.calibration;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.io.Serializable;
import java.util.Map;

/**
 * The projector {@code P(z, delta) = U V z + s * z + D E delta + b} that fits sums of followers best: ridge-regularised
 * reduced-rank regression of each low-rank part, in turn with the scale. fp64, through LAPACK.
 */
public final class ProjectorSolver {
    /** Rounds over the parts of the projector; the objective falls with each and is flat to 1e-4 after these. */
    private static final int SWEEPS = 6;

    private static final String REST = "rest";
    private static final int FOLLOWERS = 0;
    private static final int ENERGY = 2;

    private final TorchProgram program;
    private final Options options;

    /**
     * @param rank r of U V
     * @param deltaRank q of D E; 0 fits none
     * @param ridge added to the diagonal of each second moment, as a share of it; {@link #BY_SAMPLES}: the width over the
     *     number of followers, so that it vanishes as these grow
     */
    public record Options(int rank, int deltaRank, double ridge) implements Serializable {
        public static final double BY_SAMPLES = 0;
    }

    public ProjectorSolver(TorchProgram program, Options options) {
        this.program = program;
        this.options = options;
    }

    /**
     * @param training {@link FollowerSums#values} of the pictures to fit to
     * @param heldOut the same of other pictures
     * @throws UnusableInputException when one of them has no followers
     */
    public FittedProjector solve(ProjectorUnit unit, Map<String, double[]> training, Map<String, double[]> heldOut) {
        requireFollowers(unit, training, "to fit to");
        requireFollowers(unit, heldOut, "held out");
        try (TorchScope work = program.scope()) {
            IValue moments = work.run("centred", sums(work, training));
            IValue check = work.run("centred", sums(work, heldOut));
            IValue untrained = work.run("untrained_projector", work.run("weight", moments, work.of("my")));
            double ridge = options.ridge() == Options.BY_SAMPLES
                    ? training.get("y").length / training.get(REST)[FOLLOWERS]
                    : options.ridge();
            IValue projector = fit(work, moments, untrained, 0, ridge);
            IValue fitted =
                    options.deltaRank() == 0 ? projector : fit(work, moments, projector, options.deltaRank(), ridge);
            double energy = energy(heldOut);
            double residual = error(work, check, fitted);
            FittedProjector.Errors errors = new FittedProjector.Errors(
                    error(work, check, untrained) / energy,
                    error(work, check, projector) / energy,
                    residual / energy,
                    error(work, moments, fitted) / energy(training),
                    residual * heldOut.get(REST)[FOLLOWERS] / heldOut.get(REST)[ENERGY],
                    (long) training.get(REST)[FOLLOWERS],
                    (long) heldOut.get(REST)[FOLLOWERS]);
            Map<String, IValue> parts = work.entries(fitted);
            return new FittedProjector(
                    unit,
                    work.floats(parts.get("scale")),
                    work.floats(parts.get("down")),
                    work.floats(parts.get("up")),
                    work.floats(parts.get("bias")),
                    work.floats(parts.get("delta_down")),
                    work.floats(parts.get("delta_up")),
                    errors);
        }
    }

    private IValue fit(TorchScope work, IValue moments, IValue from, int deltaRank, double ridge) {
        return work.run(
                "fit_projector",
                moments,
                from,
                work.of((long) options.rank()),
                work.of((long) deltaRank),
                work.of(ridge),
                work.of((long) SWEEPS));
    }

    private static double error(TorchScope work, IValue moments, IValue projector) {
        return work.run("projector_error", moments, projector).toDouble();
    }

    /** Mean {@code |f(h_t)|^2} of a follower. */
    private static double energy(Map<String, double[]> sums) {
        double sum = 0;
        for (double square : sums.get("yy")) {
            sum += square;
        }
        return sum / sums.get(REST)[FOLLOWERS];
    }

    private IValue sums(TorchScope work, Map<String, double[]> values) {
        IValue sums = work.dictionary();
        int d = values.get("y").length;
        values.forEach((name, sum) -> {
            long[] shape = sum.length == (long) d * d ? new long[] {d, d} : new long[] {sum.length};
            work.run(
                    "put",
                    sums,
                    work.of(name),
                    work.run("to_device", work.float64s(sum, shape), work.of(program.device())));
        });
        return sums;
    }

    private static void requireFollowers(ProjectorUnit unit, Map<String, double[]> sums, String what) {
        if (sums.isEmpty() || sums.get(REST)[FOLLOWERS] == 0) {
            throw new UnusableInputException("layer " + unit.layer() + ", stride " + unit.stride() + ": no picture "
                    + what + " could be used; give more pictures, or another held-out share");
        }
    }
}
