package io.maskroute.job.predictions;

import java.io.Serializable;

/**
 * The columns that say which run, which model and which process gave a row.
 *
 * @param routingFingerprint {@code dense} without routing
 * @param device of rows that no device answered
 * @param dtype that the model computes in
 * @param attempt of the Spark task, from 0
 */
public record RunIdentity(
        String runId,
        String modelFingerprint,
        String routingFingerprint,
        String device,
        String dtype,
        String executor,
        int attempt)
        implements Serializable {}
