/**
 * The command {@code bench}: dense against routed runs of one model, alternating in this process, as figures that a person reads
 * and a program can use. May depend on {@code core} and {@code config}; knows no Spark.
 */
package io.maskroute.job.bench;
