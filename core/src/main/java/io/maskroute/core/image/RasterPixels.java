package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * Reads a {@link BufferedImage}'s stored samples as 8-bit RGB, the way Pillow's {@code convert("RGB")} would: 16-bit samples
 * keep their upper byte, transparency is dropped without blending. ({@code getRGB} would apply a gamma curve to gray.)
 */
final class RasterPixels {
    private RasterPixels() {}

    /** @throws RowFailure {@code unsupported-image} for other colours than gray and RGB, and for floating point */
    static RgbImage toRgb(BufferedImage image) throws RowFailure {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        ColorModel colors = image.getColorModel();
        Raster raster = image.getRaster();
        if (colors instanceof IndexColorModel palette) {
            fromPalette(raster, palette, rgb);
        } else if (colors instanceof ComponentColorModel && isReadable(colors)) {
            fromSamples(raster, colors.getComponentSize(0) - 8, rgb);
        } else {
            throw Bytes.failure("unsupported-image", "only gray and RGB pictures of up to 16 bits can be read");
        }
        return new RgbImage(height, width, rgb);
    }

    private static boolean isReadable(ColorModel colors) {
        int space = colors.getColorSpace().getType();
        int type = colors.getTransferType();
        return (space == ColorSpace.TYPE_RGB || space == ColorSpace.TYPE_GRAY)
                && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT)
                && colors.getComponentSize(0) >= 8;
    }

    private static void fromPalette(Raster raster, IndexColorModel palette, byte[] rgb) {
        int[] index = new int[raster.getWidth()];
        // An index beyond the palette is black, as in Pillow.
        byte[][] table = new byte[3][Math.max(256, palette.getMapSize())];
        palette.getReds(table[0]);
        palette.getGreens(table[1]);
        palette.getBlues(table[2]);
        int o = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getSamples(0, y, index.length, 1, 0, index);
            for (int i : index) {
                rgb[o++] = table[0][i];
                rgb[o++] = table[1][i];
                rgb[o++] = table[2][i];
            }
        }
    }

    /** One or two bands are gray (and alpha), three or four are RGB (and alpha). */
    private static void fromSamples(Raster raster, int shift, byte[] rgb) {
        int width = raster.getWidth();
        int bands = raster.getNumBands();
        int green = bands < 3 ? 0 : 1;
        int blue = bands < 3 ? 0 : 2;
        int[] row = new int[width * bands];
        int o = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(0, y, width, 1, row);
            for (int i = 0; i < row.length; i += bands) {
                rgb[o++] = (byte) (row[i] >> shift);
                rgb[o++] = (byte) (row[i + green] >> shift);
                rgb[o++] = (byte) (row[i + blue] >> shift);
            }
        }
    }
}
