package io.maskroute.job.calibrate;

import io.maskroute.core.routing.RoutingSchedule;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What {@code calibrate} was asked for, beside the model and the dataset.
 *
 * @param flopsBudget share of the dense LLM's FLOPs; of no meaning with a schedule
 * @param schedule to fit projectors for; empty to choose one under the budget
 * @param strides candidates, without a schedule; each at least 2, ascending
 * @param rank of the projectors, without a schedule; empty for a sixteenth of the LLM's width
 * @param deltaRank of their delta term, 0 for none; empty for that of the schedule, or a sixteenth of the width without one
 * @param ridge as in {@code ProjectorSolver.Options}
 * @param heldOut share of the pictures that errors are measured on
 * @param limit pictures to use; empty for all
 * @param memory bytes that one task's sums may take
 * @param work folder for what is finished; empty for one in the output that goes away in the end
 * @param tasks that read the dataset; empty for one per executor
 */
public record CalibrationOptions(
        double flopsBudget,
        Optional<RoutingSchedule> schedule,
        List<Integer> strides,
        OptionalInt rank,
        OptionalInt deltaRank,
        double ridge,
        double heldOut,
        OptionalLong limit,
        long memory,
        Optional<Path> work,
        OptionalInt tasks) {
    public CalibrationOptions {
        strides = List.copyOf(strides);
    }
}
