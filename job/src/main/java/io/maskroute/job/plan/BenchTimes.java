package io.maskroute.job.plan;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.SegmenterOptions.Dtype;
import io.maskroute.job.bench.BenchResult;
import io.maskroute.job.bench.BenchResult.Run;
import io.maskroute.job.bench.BenchResult.Speed;
import java.math.BigInteger;
import java.util.List;
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

    /**
     * @param dense whether the planned run is
     * @throws UnusableInputException unless whole pictures of this model were measured in this dtype on this kind of device
     */
    void requireMeasured(long parameters, Dtype dtype, String device, boolean dense) {
        if (bench.format() != BenchResult.FORMAT || bench.model() == null) {
            throw new UnusableInputException(
                    file + " is no result of this maskroute's bench; write one with bench --json");
        }
        if (bench.image() == null) {
            throw new UnusableInputException(
                    file + " has measured the LLM alone; measure whole pictures with bench --parts image");
        }
        if (bench.model().parameters() != parameters
                || !dtype.label().equals(bench.model().dtype())) {
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
        requireWhole(routing(dense));
    }

    /** A file that was cut or written by hand lacks what the estimate asks for. */
    private void requireWhole(String routing) {
        require(bench.image().runs(), "image.runs");
        if (bench.image().runs().stream().noneMatch(run -> routing.equals(run.routing()))) {
            throw new UnusableInputException(
                    file + " has measured no " + routing + " run, as this plan's is; write it anew with bench --json");
        }
        Run run = bench.image().mostShared(routing);
        String name = "image.runs[" + bench.image().runs().indexOf(run) + "].";
        require(run.parts(), name + "parts");
        for (String part : List.of(BenchResult.PIPELINE_LLM, BenchResult.VISION, BenchResult.DECODER)) {
            Speed speed = run.parts().get(part);
            require(speed == null ? null : speed.gflopPerSecond(), name + "parts." + part + ".gflop_per_second");
        }
        require(
                run.stageMillisPerPrompt() == null
                        ? null
                        : run.stageMillisPerPrompt().get(BenchResult.POSTPROCESS_SPREAD),
                name + "stage_millis_per_prompt." + BenchResult.POSTPROCESS_SPREAD);
    }

    private void require(Object value, String name) {
        if (value == null) {
            throw new UnusableInputException(file + " lacks " + name + "; write it anew with bench --json");
        }
    }

    private static String routing(boolean dense) {
        return dense ? "dense" : "routed";
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
        Run run = bench.image().mostShared(routing(dense));
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
