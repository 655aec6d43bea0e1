package io.maskroute.job.fetch;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * Files of this machine under {@code counted:/}, as if they were remote: every opening takes its time, and is noted in the file
 * {@code opened} beside the folder, for all processes.
 */
public final class CountedFiles extends RawLocalFileSystem {
    private static final long MILLIS = 100;

    static Configuration configuration() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.counted.impl", CountedFiles.class, RawLocalFileSystem.class);
        return hadoop;
    }

    /** Openings so far of files in this folder. */
    static long openings(java.nio.file.Path folder) throws IOException {
        java.nio.file.Path opened = folder.resolveSibling("opened");
        return Files.exists(opened) ? Files.size(opened) : 0;
    }

    @Override
    public URI getUri() {
        return URI.create("counted:///");
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        java.nio.file.Path folder =
                java.nio.file.Path.of(path.toUri().getPath()).getParent();
        Files.write(folder.resolveSibling("opened"), new byte[1], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        try {
            Thread.sleep(MILLIS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        return super.open(path, bufferSize);
    }
}
