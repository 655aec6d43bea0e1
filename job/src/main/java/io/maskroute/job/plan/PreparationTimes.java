package io.maskroute.job.plan;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.results.RunSummary.Latency;
import org.apache.hadoop.conf.Configuration;

/**
 * What a run's tasks spent on a picture before the model saw it.
 *
 * @param run its folder
 * @param millisPerImage of one core
 */
record PreparationTimes(String run, double millisPerImage) {
    private static final double MILLIS_PER_HOUR = 3_600_000;

    /** @throws UnusableInputException unless the folder holds a finished run with prompts that are ok */
    static PreparationTimes of(String run, Configuration hadoop) {
        RunSummary summary = RunSummary.read(new RunFolder(run, hadoop));
        long images = summary.images() - summary.imagesWithoutPrompts();
        if (summary.ok() == 0 || images == 0) {
            throw new UnusableInputException(run + " measured nothing: none of its prompts is ok");
        }
        // A picture's preparation is divided evenly over its prompts, failed ones included.
        double millisPerPrompt = mean(summary, "decode") + mean(summary, "preprocess");
        return new PreparationTimes(run, millisPerPrompt * summary.prompts() / images);
    }

    private static double mean(RunSummary summary, String stage) {
        Latency latency = summary.latencyMs().get(stage);
        return latency == null ? 0 : latency.mean();
    }

    /** @param modelHours of one executor's model */
    PlanResult.Preparation of(long images, int cores, double modelHours) {
        double coreHours = images * millisPerImage / MILLIS_PER_HOUR;
        int needed = modelHours == 0 ? 1 : Math.max(1, (int) Math.ceil(coreHours / modelHours));
        return new PlanResult.Preparation(run, coreHours, cores, needed);
    }
}
