/**
 * How it is recorded what a run has done: a lease that keeps one driver at an output, and a log of groups of which each entry is
 * made once. Knows nothing of Spark. Depends on {@code core.error}, {@code storage} and Hadoop's paths.
 */
package io.maskroute.job.commit;
