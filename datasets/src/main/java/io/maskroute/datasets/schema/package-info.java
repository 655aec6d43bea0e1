/**
 * What a maskroute dataset looks like: the one definition of its Parquet schema, a row as Java records, and the manifest
 * {@code _maskroute.json} beside the Parquet files. Depends on {@code mask}, {@code core.image}'s orientation, {@code core.segmenter}'s prompts, Spark SQL's types, Hadoop's
 * file systems and Jackson; knows no official dataset format.
 */
package io.maskroute.datasets.schema;
