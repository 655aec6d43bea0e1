/**
 * Models that lie on a remote file system, as files of this machine. Depends on {@code config}, {@code datasets.schema}, and
 * Hadoop's file systems.
 */
package io.maskroute.job.fetch;
