/**
 * What every import shares: a {@link io.maskroute.datasets.writer.DatasetImport} says with which options it reads what, and plans;
 * {@link io.maskroute.datasets.writer.ImportRun} makes rows of the plan in Spark tasks, writes the Parquet files and the manifest, and
 * counts what was left out. Depends on {@code schema}, {@code parquet}, {@code core.image}'s headers and Spark; knows no official dataset format.
 */
package io.maskroute.datasets.writer;
