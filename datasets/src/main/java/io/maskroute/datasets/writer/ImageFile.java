package io.maskroute.datasets.writer;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImageHeader;
import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a look at an image file's header says.
 *
 * @param bytes length of the file; {@value #ABSENT} when there is no such file
 * @param height in pixels as stored, 0 when the header cannot be read
 * @param width in pixels, likewise
 * @param orientation as EXIF says, where it was asked for
 */
record ImageFile(long bytes, int height, int width, Orientation orientation) {
    static final long ABSENT = -1;
    static final long LARGEST_BYTES = 256L << 20;

    /** Enough for the size in nearly all files. */
    private static final int START = 256 << 10;

    /** @param wanted where it is to be applied the whole file is read, for EXIF may stand at the end */
    static ImageFile inspect(String uri, ExifOrientation wanted, Configuration hadoop) throws IOException {
        Path path = new Path(uri);
        FileSystem files = HadoopFiles.fileSystem(path, hadoop);
        FileStatus status;
        try {
            status = files.getFileStatus(path);
        } catch (FileNotFoundException e) {
            return new ImageFile(ABSENT, 0, 0, Orientation.TOP_LEFT);
        }
        if (!status.isFile()) {
            return new ImageFile(ABSENT, 0, 0, Orientation.TOP_LEFT);
        }
        if (status.getLen() > LARGEST_BYTES) {
            return unknown(status);
        }
        try (InputStream in = files.open(path)) {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            if (wanted == ExifOrientation.STORED) {
                read.writeBytes(in.readNBytes(START));
                try {
                    return of(status, ImageHeader.of(read.toByteArray()));
                } catch (RowFailure e) {
                    // Where the header goes on it is read on.
                    if (read.size() < START) {
                        return unknown(status);
                    }
                }
            }
            read.writeBytes(in.readNBytes((int) LARGEST_BYTES));
            return of(status, ImageHeader.of(read.toByteArray()));
        } catch (RowFailure e) {
            // Whether the picture can be used is decided when it is decoded.
            return unknown(status);
        }
    }

    private static ImageFile of(FileStatus status, ImageHeader header) {
        return new ImageFile(status.getLen(), header.height(), header.width(), header.orientation());
    }

    private static ImageFile unknown(FileStatus status) {
        return new ImageFile(status.getLen(), 0, 0, Orientation.TOP_LEFT);
    }

    static byte[] read(String uri, Configuration hadoop) throws IOException {
        Path path = new Path(uri);
        try (InputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
            return in.readAllBytes();
        }
    }

    boolean exists() {
        return bytes != ABSENT;
    }

    boolean sizeKnown() {
        return height > 0 && width > 0;
    }

    PromptMaker.Size size() {
        return new PromptMaker.Size(height, width);
    }

    boolean isStoredAs(PromptMaker.Size masks) {
        return masks.height() == height && masks.width() == width;
    }

    /** Whether the masks fit the picture as its EXIF orientation turns it. */
    boolean isTurnedTo(PromptMaker.Size masks) {
        return orientation.swapsSides() ? masks.height() == width && masks.width() == height : isStoredAs(masks);
    }
}
