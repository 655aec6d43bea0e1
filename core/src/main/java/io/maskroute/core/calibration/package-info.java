/**
 * Fits a routing adapter to what the dense model does on data, in closed form. {@link io.maskroute.core.calibration.DensePass}
 * runs the dense model and adds up moments of its FFN inputs and outputs, {@link io.maskroute.core.calibration.ProjectorSolver}
 * turns the sums into projectors with their errors, {@link io.maskroute.core.calibration.ScheduleSearch} chooses strides and the
 * mask-token layer under a budget of FLOPs. {@code docs/calibration.md} has the formulas. Sums of parts of a dataset add up to
 * those of the whole, so the parts may be anywhere; knows no Spark.
 */
package io.maskroute.core.calibration;
