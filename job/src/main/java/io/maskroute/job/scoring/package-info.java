/** Predictions against ground truth, prompt by prompt. Depends on {@code datasets} and {@code job.predictions}; knows no Spark. */
package io.maskroute.job.scoring;
