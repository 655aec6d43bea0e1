package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.io.ByteArrayOutputStream;

/**
 * What a JPEG file says about its pixels.
 *
 * <p>ICC profiles, EXIF data, thumbnails and comments make the JDK's reader fail or change colours. They carry no pixels, so
 * {@link #pixelStream} leaves them out, and its one Adobe marker tells the decoder to hand out the samples as they are
 * stored: the colour conversion is then ours, by the rule of libjpeg ({@link Colors}), the same as in Pillow.
 *
 * @param orientation what EXIF says
 * @param pixelStream a JPEG file with the same samples, marked as not colour-transformed
 */
record JpegFile(int height, int width, Colors colors, Orientation orientation, byte[] pixelStream) {

    /** What the stored components mean. */
    enum Colors {
        GRAY,
        RGB,
        YCBCR,
        CMYK,
        YCCK
    }

    private static final int SOF_BASELINE = 0xC0;
    private static final int SOF_PROGRESSIVE = 0xC2;
    private static final int DHT = 0xC4;
    private static final int JPG = 0xC8;
    private static final int DAC = 0xCC;
    private static final int RST0 = 0xD0;
    private static final int SOI = 0xD8;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int DQT = 0xDB;
    private static final int DRI = 0xDD;
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;

    /** A block of 64 pixels takes a bit at least. */
    private static final int MOST_PIXELS_OF_A_BYTE = 512;

    /** Encoders write about ten; each costs time in proportion to the whole picture, whatever its own size. */
    private static final int MAX_SCANS = 500;

    private static final byte[] START_UNTRANSFORMED = {
        (byte) 0xFF, (byte) SOI, (byte) 0xFF, (byte) APP14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
    };

    /**
     * What stands in front of the pixels.
     *
     * @param frame body of the frame header
     * @param adobeTransform of the Adobe marker, or -1
     * @param kept the segments that the pixels need
     * @param scans where the first scan's marker stands, past its 0xFF
     */
    private record Head(
            Bytes frame,
            boolean progressive,
            boolean jfif,
            int adobeTransform,
            Orientation orientation,
            ByteArrayOutputStream kept,
            int scans) {
        int height() {
            return frame.u16(1, false);
        }

        int width() {
            return frame.u16(3, false);
        }
    }

    static boolean isJpeg(Bytes file) {
        return file.startsWith(0, "\u00ff\u00d8\u00ff");
    }

    static ImageHeader header(Bytes file) throws RowFailure {
        Head head = head(file);
        return new ImageHeader(head.height(), head.width(), head.orientation());
    }

    /**
     * @throws RowFailure {@code unreadable-image}, or {@code unsupported-image} for lossless and
     *     arithmetic coding and for more than 8 bits
     */
    static JpegFile parse(Bytes file) throws RowFailure {
        Head head = head(file);
        int end = endOfScans(file, head.scans(), head.progressive());
        ByteArrayOutputStream kept = head.kept();
        kept.write(0xFF);
        kept.write(file.data(), file.offset() + head.scans(), end - head.scans());
        kept.write(0xFF);
        kept.write(EOI);
        return new JpegFile(
                head.height(),
                head.width(),
                colors(head.frame(), head.jfif(), head.adobeTransform()),
                head.orientation(),
                kept.toByteArray());
    }

    /** Whether the file can hold this picture at all. */
    boolean isLongEnough() {
        return (long) height * width <= (long) MOST_PIXELS_OF_A_BYTE * pixelStream.length;
    }

    private static Head head(Bytes file) throws RowFailure {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        kept.writeBytes(START_UNTRANSFORMED);
        Bytes frame = null;
        boolean progressive = false;
        boolean jfif = false;
        int adobeTransform = -1;
        Orientation orientation = null;
        int at = nextMarker(file, 2);
        while (file.u8(at) != SOS) {
            int marker = file.u8(at);
            if (marker == EOI) {
                throw Bytes.unreadable("the JPEG file ends before its pixels");
            }
            if (standsAlone(marker)) {
                at = nextMarker(file, at + 1);
                continue;
            }
            Bytes body = segment(file, at);
            if (isFrame(marker)) {
                if (marker > SOF_PROGRESSIVE) {
                    throw Bytes.failure(
                            "unsupported-image",
                            "lossless, hierarchical and arithmetic-coded JPEG (SOF" + (marker & 15)
                                    + ") cannot be read");
                }
                progressive = marker == SOF_PROGRESSIVE;
                frame = body;
            } else if (marker == APP0) {
                jfif |= body.startsWith(0, "JFIF\0");
            } else if (marker == APP14 && body.startsWith(0, "Adobe") && body.length() >= 12) {
                adobeTransform = body.u8(11);
            } else if (marker == APP1 && orientation == null && body.startsWith(0, "Exif\0\0")) {
                // Where EXIF takes several segments its first directory is in the first.
                orientation =
                        TiffDirectory.parse(body.slice(6, body.length() - 6)).orientation();
            }
            if (isFrame(marker) || marker == DHT || marker == DQT || marker == DRI) {
                kept.write(0xFF);
                kept.write(file.data(), file.offset() + at, 3 + body.length());
            }
            at = nextMarker(file, at + 3 + body.length());
        }
        if (frame == null || frame.length() < 6 || frame.length() < 6 + 3 * frame.u8(5)) {
            throw Bytes.unreadable("the JPEG file has no usable frame header");
        }
        if (frame.u8(0) != 8) {
            throw Bytes.failure("unsupported-image", "JPEG with " + frame.u8(0) + " bits a sample cannot be read");
        }
        return new Head(
                frame,
                progressive,
                jfif,
                adobeTransform,
                orientation == null ? Orientation.TOP_LEFT : orientation,
                kept,
                at);
    }

    /** The colour rule of libjpeg's {@code default_decompress_parms}. */
    private static Colors colors(Bytes frame, boolean jfif, int adobeTransform) throws RowFailure {
        int components = frame.u8(5);
        switch (components) {
            case 1:
                return Colors.GRAY;
            case 3:
                if (jfif) {
                    return Colors.YCBCR;
                }
                if (adobeTransform >= 0) {
                    return adobeTransform == 0 ? Colors.RGB : Colors.YCBCR;
                }
                return frame.u8(6) == 'R' && frame.u8(9) == 'G' && frame.u8(12) == 'B' ? Colors.RGB : Colors.YCBCR;
            case 4:
                return adobeTransform <= 0 ? Colors.CMYK : Colors.YCCK;
            default:
                throw Bytes.failure("unsupported-image", "JPEG with " + components + " components cannot be read");
        }
    }

    /**
     * Offset of the end marker (of its 0xFF), or of the end of the data where a sequential file lacks one: then the decoder
     * notices missing pixels. A progressive file that stops between two scans would only look blurred.
     *
     * @param at of the first SOS marker, past its 0xFF
     */
    private static int endOfScans(Bytes file, int at, boolean progressive) throws RowFailure {
        int scans = 0;
        int p = at;
        while (true) {
            int marker = file.u8(p);
            if (marker == EOI) {
                return p - 1;
            }
            if (marker == SOS && ++scans > MAX_SCANS) {
                throw Bytes.failure("unsupported-image", "JPEG with more than " + MAX_SCANS + " scans");
            }
            int skip = standsAlone(marker) ? 1 : 3 + segment(file, p).length();
            p = findMarker(file, p + skip);
            if (p < 0) {
                if (progressive) {
                    throw Bytes.unreadable("the progressive JPEG file has no end marker");
                }
                return file.length();
            }
        }
    }

    private static boolean isFrame(int marker) {
        return marker >= SOF_BASELINE && marker <= 0xCF && marker != DHT && marker != JPG && marker != DAC;
    }

    /** Markers without a segment; 0 is no marker but an escaped 0xFF among the pixels. */
    private static boolean standsAlone(int marker) {
        return marker <= 0x01 || (marker >= RST0 && marker <= SOI);
    }

    /** What follows the length field of the segment whose marker stands at {@code at}. */
    private static Bytes segment(Bytes file, int at) throws RowFailure {
        int length = file.slice(at + 1, 2).u16(0, false);
        if (length < 2) {
            throw Bytes.unreadable("the JPEG file has a segment of length " + length);
        }
        return file.slice(at + 3, length - 2);
    }

    private static int nextMarker(Bytes file, int from) throws RowFailure {
        int at = findMarker(file, from);
        if (at < 0) {
            throw Bytes.unreadable("the JPEG file is cut off before its pixels");
        }
        return at;
    }

    /** Offset of the next marker's code (past its 0xFF bytes), or -1. */
    private static int findMarker(Bytes file, int from) {
        boolean escape = false;
        for (int i = from; i < file.length(); i++) {
            int b = file.u8(i);
            if (escape && b != 0xFF) {
                return i;
            }
            escape = b == 0xFF;
        }
        return -1;
    }
}
