package io.maskroute.job.plan;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.job.bench.BenchResult;
import io.maskroute.job.bench.BenchResult.Run;
import java.math.BigInteger;
import java.util.Optional;

/** Speeds that were measured, turned into hours. */
record BenchTimes(BenchResult bench, String file) {
    private static final String CPU = "cpu";
    private static final double GIGA = 1e9;
    private static final double SECONDS = 3600;

    /** What was measured; empty where the file does not say. */
    Optional<String> dtype() {
        return Optional.ofNullable(bench.model()).map(BenchResult.Model::dtype);
    }

    /** @throws UnusableInputException unless whole pictures of this model were measured in this dtype on this kind of device */
    void requireMeasured(long parameters, Dtype dtype, String device) {
        if (bench.format() != BenchResult.FORMAT || bench.model() == null) {
            throw new UnusableInputException(
                    file + " is no result of this maskroute's bench; write one with bench --json");
        }
        if (bench.image() == null) {
            throw new UnusableInputException(
                    file + " has measured the LLM alone; measure whole pictures with bench --parts image");
        }
        if (bench.model().parameters() != parameters || !bench.model().dtype().equals(dtype.label())) {
            throw new UnusableInputException(file + " has measured a model of "
                    + bench.model().parameters() + " parameters in "
                    + bench.model().dtype() + ", and this one has "
                    + parameters + " and runs in " + dtype.label() + "; measure it with bench --model");
        }
        if (onGpu() == device.equals(CPU)) {
            throw new UnusableInputException(file + " was measured on "
                    + bench.model().device() + ", and this plan is for " + device + "; give --device "
                    + (onGpu() ? "gpu" : CPU) + ", or measure on the other one with bench --device");
        }
    }

    /**
     * @param prompts and {@code images}: of the dataset, those that can be run
     * @param dense whether the planned run is
     */
    PlanResult.Time estimate(
            PlanResult.Flops flops,
            long prompts,
            long images,
            boolean dense,
            Fleet fleet,
            Optional<PreparationTimes> preparing) {
        Run run = bench.image().mostShared(dense ? "dense" : "routed");
        double llm = hours(run, BenchResult.PIPELINE_LLM, flops.llm());
        double vision = hours(run, BenchResult.VISION, flops.vision());
        double decoder = hours(run, BenchResult.DECODER, flops.decoder());
        // The model of a dataset is a trained one, whatever the one that was measured.
        double post = prompts
                * run.stageMillisPerPrompt().get(BenchResult.POSTPROCESS_SPREAD).median()
                / 1e3
                / SECONDS;
        double model = llm + vision + decoder + post;
        PlanResult.Preparation preparation =
                preparing.map(p -> p.of(images, fleet.cores(), model)).orElse(null);
        // Preparing runs beside the model, so the slower of the two decides.
        double one = preparation == null ? model : Math.max(model, preparation.coreHours() / fleet.cores());
        int executors = fleet.executorsFor(one);
        double hours = one / executors;
        return new PlanResult.Time(
                file,
                bench.model().imagesPerCall(),
                run.prompts(),
                executors,
                llm,
                vision,
                decoder,
                post,
                model,
                preparation,
                one == 0 ? 1 : model / one,
                hours,
                one,
                onGpu() ? Double.valueOf(one) : null);
    }

    /** What it was measured on; empty in results of before that was recorded. */
    Optional<String> device() {
        return Optional.ofNullable(bench.model()).map(BenchResult.Model::device);
    }

    private boolean onGpu() {
        String device = bench.model().device();
        return device != null && !device.equals(CPU);
    }

    private static double hours(Run run, String part, BigInteger flops) {
        return flops.doubleValue()
                / GIGA
                / run.parts().get(part).gflopPerSecond().median()
                / SECONDS;
    }
}
