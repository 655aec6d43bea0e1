package io.maskroute.datasets.writer;

import io.maskroute.datasets.schema.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a look at an image file's header says.
 *
 * @param bytes length of the file; {@value #ABSENT} when there is no such file
 * @param height in pixels as encoded (EXIF rotation is not applied), 0 when the header cannot be read
 * @param width in pixels, likewise
 */
record ImageFile(long bytes, int height, int width) implements Serializable {
    static final long ABSENT = -1;

    /** Reads the header alone: a lying one costs nothing. */
    static ImageFile inspect(String uri, Configuration hadoop) throws IOException {
        Path path = new Path(uri);
        FileSystem files = HadoopFiles.fileSystem(path, hadoop);
        FileStatus status;
        try {
            status = files.getFileStatus(path);
        } catch (FileNotFoundException e) {
            return new ImageFile(ABSENT, 0, 0);
        }
        if (!status.isFile()) {
            return new ImageFile(ABSENT, 0, 0);
        }
        try (InputStream in = files.open(path);
                MemoryCacheImageInputStream image = new MemoryCacheImageInputStream(in)) {
            return new ImageFile(status.getLen(), 0, 0).withSizeOf(image);
        }
    }

    static byte[] read(String uri, Configuration hadoop) throws IOException {
        Path path = new Path(uri);
        try (InputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
            return in.readAllBytes();
        }
    }

    private ImageFile withSizeOf(MemoryCacheImageInputStream image) {
        Iterator<ImageReader> readers = ImageIO.getImageReaders(image);
        if (!readers.hasNext()) {
            return this;
        }
        ImageReader reader = readers.next();
        try {
            reader.setInput(image, true, true);
            return new ImageFile(bytes, reader.getHeight(0), reader.getWidth(0));
        } catch (IOException | RuntimeException e) {
            // Decoders answer a broken header with either; whether the picture can be used is decided when it is
            // decoded.
            return this;
        } finally {
            reader.dispose();
        }
    }

    boolean exists() {
        return bytes != ABSENT;
    }

    boolean sizeKnown() {
        return height > 0 && width > 0;
    }
}
