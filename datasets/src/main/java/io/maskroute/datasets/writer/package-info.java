/**
 * What every import shares: images and their prompts become the Parquet files and the manifest of a dataset, and whatever
 * was left out is counted. Depends on {@code schema}, {@code core.image}'s headers and Spark; knows no official dataset format.
 */
package io.maskroute.datasets.writer;
