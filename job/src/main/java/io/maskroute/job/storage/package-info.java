/**
 * Small files of runs, wherever they are kept: JSON, and files that appear at once and whole. Depends on {@code core.error},
 * {@code datasets.schema} and Hadoop's file systems; S3A is known to one class alone.
 */
package io.maskroute.job.storage;
