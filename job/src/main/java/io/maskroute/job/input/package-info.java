/** A dataset as the job reads it. Depends on {@code config}, {@code datasets.schema}, Spark and Hadoop's file systems. */
package io.maskroute.job.input;
