/**
 * The command {@code calibrate}: a routing adapter from a dense model and a dataset. Tasks run the dense model and add up moments,
 * Spark adds those of all tasks, projector by projector, and solves each where its sums are; the driver sees projectors and
 * figures only. Depends on {@code core.calibration}, {@code config}, {@code input}, {@code run}, {@code report}, {@code results} and
 * Spark.
 */
package io.maskroute.job.calibrate;
