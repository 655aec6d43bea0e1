package io.maskroute.datasets.labels;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Labels in TIFF files, as Pascal Context with 459 classes has them; read by the JDK, whose raster holds the stored samples. */
final class TiffLabels {
    private TiffLabels() {}

    static boolean isTiff(byte[] bytes) {
        return bytes.length > 4
                && (bytes[0] == 'I' && bytes[1] == 'I' && bytes[2] == 42 && bytes[3] == 0
                        || bytes[0] == 'M' && bytes[1] == 'M' && bytes[2] == 0 && bytes[3] == 42);
    }

    static LabelMap read(Path file, byte[] bytes) {
        ImageReader reader = ImageIO.getImageReadersByFormatName("tiff").next();
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(in, true, true);
            LabelMap.requireSize(file, reader.getHeight(0), reader.getWidth(0));
            Raster raster = reader.read(0).getRaster();
            if (raster.getNumBands() != 1) {
                throw LabelMap.unusable(file, "has " + raster.getNumBands() + " samples a pixel: labels are one");
            }
            int[] values = raster.getSamples(0, 0, raster.getWidth(), raster.getHeight(), 0, (int[]) null);
            return new LabelMap(raster.getHeight(), raster.getWidth(), values);
        } catch (UnusableInputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // Damaged files make the JDK's reader throw whatever it meets.
            throw LabelMap.unusable(file, "is no TIFF file that this reads: " + Reason.of(e));
        } finally {
            reader.dispose();
        }
    }
}
