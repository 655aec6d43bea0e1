package io.maskroute.datasets.parquet;

import java.io.Serializable;

/**
 * A Parquet file as it was listed.
 *
 * @param path with scheme, as Hadoop's paths print
 * @param bytes its length
 * @param modified when it was last changed, in milliseconds since 1970 by its file system's clock
 */
public record DataFile(String path, long bytes, long modified) implements Serializable {}
