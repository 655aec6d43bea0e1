package io.maskroute.job.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A small object put where there is none. S3A 3.4.1 cannot ask for that itself: its {@code create(overwrite=false)} looks first and
 * then writes. So the request is made here, with S3A's own client: {@code If-None-Match: *} (Amazon S3 User Guide, "Conditional
 * writes").
 */
final class S3aCreation {
    private static final String IF_NONE_MATCH = "If-None-Match";
    private static final int FORBIDDEN = 403;
    private static final int CONFLICT = 409;
    private static final int PRECONDITION_FAILED = 412;
    private static final int TOO_MANY = 429;
    private static final int SERVER_ERROR = 500;
    private static final int NOT_IMPLEMENTED = 501;
    /** As long as S3A itself holds out: about a minute. */
    private static final int TRIES = 8;

    private static final long FIRST_PAUSE_MILLIS = 500;

    private static final Logger LOG = LoggerFactory.getLogger(S3aCreation.class);
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private S3aCreation() {}

    static boolean create(FileSystem files, Path path, byte[] content) throws IOException {
        S3AFileSystem s3a = (S3AFileSystem) files;
        S3Client client = s3a.getS3AInternals().getAmazonS3Client("create if absent");
        PutObjectRequest request = PutObjectRequest.builder()
                .bucket(s3a.getBucket())
                .key(s3a.pathToKey(s3a.makeQualified(path)))
                .contentLength((long) content.length)
                .overrideConfiguration(options -> options.putHeader(IF_NONE_MATCH, "*"))
                .build();
        for (int attempt = 1; ; attempt++) {
            try {
                client.putObject(request, RequestBody.fromBytes(content));
                return true;
            } catch (S3Exception e) {
                int status = e.statusCode();
                if (status == PRECONDITION_FAILED) {
                    // The client asks again when an answer is lost, and then meets what it wrote itself.
                    return isOwn(s3a, path, content);
                }
                if (status == NOT_IMPLEMENTED) {
                    if (WARNED.compareAndSet(false, true)) {
                        LOG.warn(
                                "The server of {} knows no conditional requests: of two drivers at the same moment both may"
                                        + " believe that they were first, and only the lease keeps them apart",
                                path);
                    }
                    return createAfterLooking(s3a, path, content);
                }
                if (status == FORBIDDEN) {
                    throw (IOException) new AccessDeniedException(path + ": " + e.getMessage()).initCause(e);
                }
                // Another writer may be at it; who was first is known in a moment.
                if (attempt == TRIES || status != CONFLICT && status != TOO_MANY && status < SERVER_ERROR) {
                    throw failed(path, e);
                }
            } catch (SdkException e) {
                if (attempt == TRIES) {
                    throw failed(path, e);
                }
            }
            pause(path, FIRST_PAUSE_MILLIS << (attempt - 1));
        }
    }

    private static boolean isOwn(S3AFileSystem s3a, Path path, byte[] content) throws IOException {
        try (InputStream in = s3a.open(path)) {
            return Arrays.equals(in.readNBytes(content.length + 1), content);
        } catch (FileNotFoundException e) {
            return false;
        }
    }

    /** For stores without conditional requests: two writers at the same moment may both believe to have won. */
    private static boolean createAfterLooking(S3AFileSystem s3a, Path path, byte[] content) throws IOException {
        if (s3a.exists(path)) {
            return false;
        }
        try (OutputStream out = s3a.create(path, true)) {
            out.write(content);
        }
        return true;
    }

    private static void pause(Path path, long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while writing " + path, e);
        }
    }

    private static IOException failed(Path path, SdkException e) {
        return new IOException(path + " cannot be written: " + e.getMessage(), e);
    }
}
