package io.maskroute.datasets.parquet;

import io.maskroute.core.error.Reason;
import java.io.IOException;

/** The way to a Parquet file's bytes failed, which another attempt may not meet. The message names the file and the cause. */
public final class StorageException extends IOException {
    StorageException(DataFile file, IOException cause) {
        super(file.path() + " cannot be read: " + Reason.of(cause), cause);
    }
}
