package io.maskroute.datasets.schema;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.attribute.BasicFileAttributes;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;

/** Hadoop's local files, but for what may not be read: Hadoop takes that for absent, or says neither what nor why. */
final class LocalFiles extends RawLocalFileSystem {
    private static final URI ROOT = URI.create("file:///");

    static LocalFiles of(Configuration hadoop) throws IOException {
        LocalFiles files = new LocalFiles();
        files.initialize(ROOT, hadoop);
        return files;
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        try {
            return super.getFileStatus(path);
        } catch (FileNotFoundException e) {
            throw explained(path, e);
        }
    }

    @Override
    public boolean exists(Path path) throws IOException {
        try {
            getFileStatus(path);
            return true;
        } catch (FileNotFoundException e) {
            return false;
        }
    }

    @Override
    public FSDataInputStream open(Path path, int bufferBytes) throws IOException {
        try {
            return super.open(path, bufferBytes);
        } catch (FileNotFoundException e) {
            throw explained(path, e);
        }
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        try {
            return super.listStatus(path);
        } catch (IOException e) {
            throw explained(path, e);
        }
    }

    private IOException explained(Path path, IOException failure) {
        java.nio.file.Path local = pathToFile(path).toPath();
        try {
            Files.readAttributes(local, BasicFileAttributes.class);
            return Files.isReadable(local) ? failure : new AccessControlException("permission denied");
        } catch (AccessDeniedException e) {
            return new AccessControlException("permission denied");
        } catch (IOException e) {
            return failure;
        }
    }
}
