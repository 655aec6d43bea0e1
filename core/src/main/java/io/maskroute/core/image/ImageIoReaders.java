package io.maskroute.core.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import io.maskroute.core.error.RowFailure;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;

/**
 * The readers of others, for the codecs that are not written here. They get files that hold pixels and nothing else, made by
 * {@link JpegFile}, {@link PngFile}, {@link WebpFile} and {@link TiffFile}.
 */
final class ImageIoReaders {
    static final ImageReaderSpi PNG = builtIn("png");
    static final ImageReaderSpi TIFF = builtIn("tiff");
    static final ImageReaderSpi WEBP = new WebPImageReaderSpi();
    private static final ImageReaderSpi JPEG = builtIn("jpeg");

    private ImageIoReaders() {}

    interface SizeCheck {
        void check(int width, int height) throws RowFailure;
    }

    /** @param size is asked before pixels are allocated */
    static RgbImage read(ImageReaderSpi format, byte[] file, SizeCheck size) throws IOException, RowFailure {
        return with(format, file, reader -> {
            size.check(reader.getWidth(0), reader.getHeight(0));
            return RasterPixels.toRgb(reader.read(0));
        });
    }

    /**
     * @return {@code height * width} times the file's components, interleaved, without conversion of colours
     * @throws RowFailure {@code unreadable-image}
     */
    static byte[] samples(JpegFile jpeg) throws IOException, RowFailure {
        List<String> warnings = new ArrayList<>();
        Raster raster = with(JPEG, jpeg.pixelStream(), reader -> {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            return reader.readRaster(0, null);
        });
        // libjpeg fills what is missing with gray and says so, in these words, in every locale.
        if (warnings.stream().anyMatch(warning -> warning.contains("premature end of data segment"))) {
            throw Bytes.unreadable("the JPEG file lacks part of its pixels");
        }
        return ((DataBufferByte) raster.getDataBuffer()).getData();
    }

    private interface Reading<T> {
        T from(ImageReader reader) throws IOException, RowFailure;
    }

    private static <T> T with(ImageReaderSpi format, byte[] file, Reading<T> reading) throws IOException, RowFailure {
        ImageReader reader = format.createReaderInstance();
        try (ImageInputStream stream = new InMemoryInput(file)) {
            reader.setInput(stream, true, false);
            return reading.from(reader);
        } finally {
            reader.dispose();
        }
    }

    /** The JDK's own reader, whatever plug-ins other libraries have registered. */
    private static ImageReaderSpi builtIn(String format) {
        Iterator<ImageReaderSpi> all = IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
        while (all.hasNext()) {
            ImageReaderSpi reader = all.next();
            if (reader.getClass().getName().startsWith("com.sun.imageio.")
                    && Arrays.asList(reader.getFormatNames()).contains(format)) {
                return reader;
            }
        }
        throw new IllegalStateException("this Java has no reader for " + format + " (module java.desktop)");
    }
}
