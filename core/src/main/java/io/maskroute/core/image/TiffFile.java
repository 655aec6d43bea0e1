package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The first page of a TIFF file. Source: TIFF 6.0. Of the tags only those that pixels need are looked at. Fax compressions, and
 * YCbCr that is no JPEG, go to the JDK's reader, in a file with a directory of just these tags.
 *
 * @param height as the file says, not yet checked; {@code width} likewise
 * @param bits of a sample
 * @param samples of a pixel
 * @param planar whether each sample has strips or tiles of its own
 * @param segmentHeight of a strip or tile, and {@code segmentWidth}; not yet checked
 */
record TiffFile(
        Bytes file,
        TiffDirectory tags,
        long height,
        long width,
        int bits,
        int samples,
        int compression,
        int photometric,
        boolean planar,
        boolean tiled,
        long segmentHeight,
        long segmentWidth) {
    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS_PER_SAMPLE = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    static final int FILL_ORDER = 266;
    static final int STRIP_OFFSETS = 273;
    private static final int SAMPLES_PER_PIXEL = 277;
    private static final int ROWS_PER_STRIP = 278;
    static final int STRIP_BYTE_COUNTS = 279;
    private static final int PLANAR_CONFIGURATION = 284;
    private static final int T4_OPTIONS = 292;
    private static final int T6_OPTIONS = 293;
    static final int PREDICTOR = 317;
    static final int COLOR_MAP = 320;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_LENGTH = 323;
    static final int TILE_OFFSETS = 324;
    static final int TILE_BYTE_COUNTS = 325;
    private static final int INK_SET = 332;
    static final int EXTRA_SAMPLES = 338;
    private static final int SAMPLE_FORMAT = 339;
    static final int JPEG_TABLES = 347;
    private static final int YCBCR_SUB_SAMPLING = 530;

    static final int NONE = 1;
    private static final int FAX_RLE = 2;
    private static final int FAX_3 = 3;
    private static final int FAX_4 = 4;
    static final int LZW = 5;
    static final int JPEG = 7;
    static final int DEFLATE = 8;
    static final int PACK_BITS = 32773;
    static final int OLD_DEFLATE = 32946;

    static final int WHITE_IS_ZERO = 0;
    private static final int BLACK_IS_ZERO = 1;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int CMYK = 5;
    static final int YCBCR = 6;

    /** Ascending, as in a directory. */
    private static final int[] FOR_IMAGE_IO = {
        WIDTH,
        HEIGHT,
        BITS_PER_SAMPLE,
        COMPRESSION,
        PHOTOMETRIC,
        FILL_ORDER,
        STRIP_OFFSETS,
        SAMPLES_PER_PIXEL,
        ROWS_PER_STRIP,
        STRIP_BYTE_COUNTS,
        PLANAR_CONFIGURATION,
        T4_OPTIONS,
        T6_OPTIONS,
        PREDICTOR,
        TILE_WIDTH,
        TILE_LENGTH,
        TILE_OFFSETS,
        TILE_BYTE_COUNTS,
        YCBCR_SUB_SAMPLING
    };

    private static final int MAX_SAMPLES = 8;
    /** Pixels that a strip or tile may have however small the picture is. */
    private static final long SMALL = 1 << 20;

    /** @throws RowFailure {@code unreadable-image} or {@code unsupported-image} */
    static TiffFile parse(Bytes file) throws RowFailure {
        TiffDirectory tags = TiffDirectory.parse(file);
        tags.requireHeld(FOR_IMAGE_IO);
        tags.requireHeld(COLOR_MAP, INK_SET, EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES);
        long height = tags.get(HEIGHT).first(0);
        long width = tags.get(WIDTH).first(0);
        int samples = small(tags, SAMPLES_PER_PIXEL, 1);
        boolean tiled = tags.get(TILE_OFFSETS).count() > 0;
        TiffFile tiff = new TiffFile(
                file,
                tags,
                height,
                width,
                small(tags, BITS_PER_SAMPLE, 1),
                samples,
                small(tags, COMPRESSION, NONE),
                small(tags, PHOTOMETRIC, WHITE_IS_ZERO),
                samples > 1 && tags.get(PLANAR_CONFIGURATION).first(1) == 2,
                tiled,
                tiled
                        ? tags.get(TILE_LENGTH).first(0)
                        : Math.min(tags.get(ROWS_PER_STRIP).first(height), height),
                tiled ? tags.get(TILE_WIDTH).first(0) : width);
        tiff.requireReadable();
        return tiff;
    }

    static ImageHeader header(Bytes file) throws RowFailure {
        TiffFile tiff = parse(file);
        return new ImageHeader((int) tiff.height, (int) tiff.width, tiff.orientation());
    }

    private static int small(TiffDirectory tags, int tag, int otherwise) {
        return (int) Math.min(Integer.MAX_VALUE, tags.get(tag).first(otherwise));
    }

    Orientation orientation() {
        return tags.orientation();
    }

    private void requireReadable() throws RowFailure {
        switch (compression) {
            case NONE, FAX_RLE, FAX_3, FAX_4, LZW, JPEG, DEFLATE, PACK_BITS, OLD_DEFLATE -> {}
            default -> throw unsupported("compressed with " + compressionName());
        }
        TiffDirectory.Values all = tags.get(BITS_PER_SAMPLE);
        for (int i = 1; i < Math.min(all.count(), MAX_SAMPLES); i++) {
            if (all.at(i) != bits) {
                throw unsupported("with samples of different sizes");
            }
        }
        if (bits < 1 || bits > 16) {
            throw unsupported("with " + bits + " bits a sample");
        }
        long format = tags.get(SAMPLE_FORMAT).first(1);
        if (format == 3 || format == 2 && bits > 8) {
            throw unsupported("with samples that are no unsigned whole numbers");
        }
        if (samples > MAX_SAMPLES
                || samples < colors()
                || photometric == CMYK && tags.get(INK_SET).first(1) != 1) {
            throw unsupported("with " + samples + " samples a pixel in these colours");
        }
        if (compression == JPEG && bits != 8 || isFax() && (bits != 1 || samples != 1)) {
            throw unsupported("with " + bits + " bits a sample in this compression");
        }
        long predictor = isPredicting() ? tags.get(PREDICTOR).first(1) : 1;
        if (predictor != 1 && (predictor != 2 || bits != 8 && bits != 16)) {
            throw unsupported("with predictor " + predictor + " for " + bits + " bits a sample");
        }
        if (tags.isBig() && isForImageIo()) {
            throw unsupported("with 64-bit offsets in this compression");
        }
    }

    private String compressionName() {
        return switch (compression) {
            case 6 -> "old-style JPEG";
            case 32809 -> "ThunderScan";
            case 34676, 34677 -> "SGI LogLuv";
            case 34712 -> "JPEG 2000";
            case 34887 -> "LERC";
            case 34925 -> "LZMA";
            case 50000 -> "zstd";
            case 50001 -> "WebP";
            case 50002, 52546 -> "JPEG XL";
            default -> "method " + compression;
        };
    }

    static RowFailure unsupported(String what) {
        return Bytes.failure("unsupported-image", "TIFF " + what + " cannot be read");
    }

    /** Samples that make a pixel's colour; others may follow them. */
    int colors() throws RowFailure {
        return switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE -> 1;
            case RGB, YCBCR -> 3;
            case CMYK -> 4;
            case 8, 9, 10 -> throw unsupported("in CIE L*a*b*");
            default -> throw unsupported("in colours of kind " + photometric);
        };
    }

    private boolean isFax() {
        return compression >= FAX_RLE && compression <= FAX_4;
    }

    /** Whether a predictor may have been at work. */
    boolean isPredicting() {
        return compression == LZW || compression == DEFLATE || compression == OLD_DEFLATE;
    }

    private boolean isForImageIo() {
        return isFax() || photometric == YCBCR && compression != JPEG;
    }

    long across() {
        return (width + segmentWidth - 1) / segmentWidth;
    }

    long down() {
        return (height + segmentHeight - 1) / segmentHeight;
    }

    /**
     * Height and width have been checked.
     *
     * @throws RowFailure {@code unreadable-image}, {@code image-too-large}
     */
    RgbImage decode(ImageIoReaders.SizeCheck size) throws IOException, RowFailure {
        if (segmentHeight < 1 || segmentWidth < 1) {
            throw Bytes.unreadable("the TIFF file's strips or tiles have no pixels");
        }
        requireModest(segmentWidth, Math.min(segmentHeight, height));
        if (isForImageIo()) {
            return ImageIoReaders.read(ImageIoReaders.TIFF, pixelStream(), size);
        }
        byte[] rgb = null;
        TiffSegments segments = new TiffSegments(this);
        TiffColors colors = new TiffColors(this);
        for (int row = 0; row < down(); row++) {
            for (int column = 0; column < across(); column++) {
                int top = (int) (row * segmentHeight);
                int left = (int) (column * segmentWidth);
                // Of a tile's rows only those in the picture are unpacked.
                int rows = (int) Math.min(segmentHeight, height - top);
                int columns = (int) Math.min(segmentWidth, width - left);
                segments.unpack((int) (row * across()) + column, rows);
                // Not before, for a file that lies mostly lacks its first pixels already.
                rgb = rgb == null ? new byte[(int) (3 * width * height)] : rgb;
                for (int y = 0; y < rows; y++) {
                    colors.paint(segments.line(y), columns, rgb, 3 * (int) ((top + y) * width + left));
                }
            }
        }
        return new RgbImage((int) height, (int) width, rgb);
    }

    /** Refuses to unpack what has many more pixels than the picture. */
    void requireModest(long segmentWidth, long rows) throws RowFailure {
        boolean small = segmentWidth < 1 << 24 && segmentWidth * rows <= Math.max(SMALL, 4 * width * height);
        if (!small || segmentWidth * rows * (planar ? 1 : samples) * bits / 8 > Integer.MAX_VALUE - 8) {
            throw Bytes.failure(
                    "image-too-large",
                    "the TIFF file's tiles of " + segmentWidth + "x" + rows + " pixels are too large for a picture of "
                            + width + "x" + height);
        }
    }

    /** This file with another directory, at its end: what the JDK's reader needs, and nothing whose size is somebody's choice. */
    private byte[] pixelStream() throws RowFailure {
        TiffDirectory.Values lengths = tags.get(tiled ? TILE_BYTE_COUNTS : STRIP_BYTE_COUNTS);
        for (int i = 0; i < lengths.count(); i++) {
            if (lengths.at(i) > file.length()) {
                throw Bytes.unreadable("the TIFF file announces more bytes than it has");
            }
        }
        ByteArrayOutputStream directory = new ByteArrayOutputStream();
        int entries = 0;
        for (int tag : FOR_IMAGE_IO) {
            int count = tags.get(tag).count();
            if (count > Math.max(MAX_SAMPLES, across() * down() * samples)) {
                throw Bytes.unreadable("the TIFF file has more strips or tiles than its picture needs");
            }
            if (count > 0) {
                Bytes entry = tags.entry(tag);
                directory.write(entry.data(), entry.offset(), entry.length());
                entries++;
            }
        }
        int at = file.length() + (file.length() & 1);
        ByteBuffer out = ByteBuffer.allocate(at + 2 + directory.size() + 4)
                .order(tags.littleEndian() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        out.put(file.data(), file.offset(), file.length());
        out.putInt(4, at);
        out.position(at);
        out.putShort((short) entries).put(directory.toByteArray());
        return out.array();
    }
}
