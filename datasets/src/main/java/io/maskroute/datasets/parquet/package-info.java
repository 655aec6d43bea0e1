/**
 * Parquet files as people have them: which files a folder holds, what each one says of its own columns, and rows of the columns
 * that are wanted. Depends on {@code schema}'s paths alone, on Parquet, Hadoop's file systems and Spark; knows no column's name.
 */
package io.maskroute.datasets.parquet;
