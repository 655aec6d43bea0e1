/**
 * The command {@code plan}: what a dataset will cost under a model and a routing, from token counts and sizes, without weights or
 * images. May depend on {@code core}, {@code config}, {@code input}, {@code bench} and {@code results} (what they
 * measured) and Spark.
 */
package io.maskroute.job.plan;
