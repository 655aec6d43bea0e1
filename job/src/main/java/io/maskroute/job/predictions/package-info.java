/**
 * The predictions table: its schema, written once, and the records that go in and come out. Depends on Spark SQL's types,
 * {@code datasets.schema} for the form of a mask, {@code datasets.parquet} for reading it back, {@code job.config} for what of a URI is a secret, and {@code core.segmenter} for what a prediction costs.
 */
package io.maskroute.job.predictions;
