package io.maskroute.job.testing;

import java.io.IOException;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** This machine's files, on a disk that is full when predictions come. */
public final class FullFileSystem extends RawLocalFileSystem {
    @Override
    public FSDataOutputStream create(Path path, boolean overwrite) throws IOException {
        if (path.toString().contains("/predictions/")) {
            throw new IOException("No space left on device");
        }
        return super.create(path, overwrite);
    }
}
