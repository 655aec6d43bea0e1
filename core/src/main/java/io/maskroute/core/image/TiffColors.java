package io.maskroute.core.image;

/**
 * From a TIFF file's samples to RGB as Pillow does it: samples of more than 8 bits keep their upper 8, alpha is dropped, after
 * division where colours are stored multiplied with it, and an index beyond the palette is black. Unlike Pillow also 16-bit
 * gray may have 0 for white.
 */
final class TiffColors {
    private final TiffFile tiff;
    private final int step;
    private final boolean multiplied;
    private final byte[] palette;

    TiffColors(TiffFile tiff) {
        this.tiff = tiff;
        step = tiff.planar() ? 1 : tiff.samples();
        multiplied = tiff.photometric() == TiffFile.RGB
                && step == 4
                && tiff.tags().get(TiffFile.EXTRA_SAMPLES).first(0) == 1;
        palette = tiff.photometric() == TiffFile.PALETTE ? palette(tiff) : null;
    }

    private static byte[] palette(TiffFile tiff) {
        TiffDirectory.Values map = tiff.tags().get(TiffFile.COLOR_MAP);
        int colors = map.count() / 3;
        byte[] palette = new byte[3 << tiff.bits()];
        for (int i = 0; i < Math.min(colors, 1 << tiff.bits()); i++) {
            for (int c = 0; c < 3; c++) {
                palette[3 * i + c] = (byte) (map.at(c * colors + i) >> 8);
            }
        }
        return palette;
    }

    /**
     * @param lines as {@link TiffSegments#line}
     * @param from where in {@code rgb} the first column goes
     */
    void paint(int[][] lines, int columns, byte[] rgb, int from) {
        for (int x = 0, o = from; x < columns; x++, o += 3) {
            switch (tiff.photometric()) {
                case TiffFile.PALETTE -> System.arraycopy(palette, 3 * lines[0][x * step], rgb, o, 3);
                case TiffFile.RGB, TiffFile.YCBCR -> {
                    for (int c = 0; c < 3; c++) {
                        int v = sample(lines, x, c);
                        rgb[o + c] = (byte) (multiplied ? divided(v, sample(lines, x, 3)) : v);
                    }
                }
                case TiffFile.CMYK -> JpegColors.inkToRgb(
                        sample(lines, x, 0), sample(lines, x, 1), sample(lines, x, 2), sample(lines, x, 3), rgb, o);
                default -> {
                    int v = sample(lines, x, 0);
                    byte gray = (byte) (tiff.photometric() == TiffFile.WHITE_IS_ZERO ? 255 - v : v);
                    rgb[o] = gray;
                    rgb[o + 1] = gray;
                    rgb[o + 2] = gray;
                }
            }
        }
    }

    /** In 8 bits. */
    private int sample(int[][] lines, int x, int c) {
        int v = tiff.planar() ? lines[c][x] : lines[0][x * step + c];
        return tiff.bits() >= 8 ? v >> tiff.bits() - 8 : v * 255 / ((1 << tiff.bits()) - 1);
    }

    /** Pillow's {@code unpackRGBa}. */
    private static int divided(int v, int alpha) {
        return alpha == 0 ? 0 : Math.min(255, v * 255 / alpha);
    }
}
