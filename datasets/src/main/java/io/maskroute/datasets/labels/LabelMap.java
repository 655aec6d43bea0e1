package io.maskroute.datasets.labels;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A picture of labels.
 *
 * @param height rows
 * @param width columns
 * @param values row-major, of {@code height * width}; from 0 on
 */
public record LabelMap(int height, int width, int[] values) {
    /** As many as a picture of any dataset may have. */
    static final long MOST_PIXELS = 100_000_000;

    /**
     * A picture with one sample a pixel: PNG with a palette (its index counts, whatever the colours), PNG in gray of 1, 8 or 16
     * bits, TIFF.
     *
     * @throws UnusableInputException for any other, naming the file
     */
    public static LabelMap ofLabels(Path file) {
        return ofLabels(file, read(file));
    }

    /** The same of bytes that lie anywhere; the file is for messages. */
    public static LabelMap ofLabels(Path file, byte[] bytes) {
        if (TiffLabels.isTiff(bytes)) {
            return TiffLabels.read(file, bytes);
        }
        PngSamples png = PngSamples.parse(file, bytes);
        if (png.samples() != 1) {
            throw unusable(file, "has " + png.samples() + " samples a pixel: labels are one, as palette index or gray");
        }
        // PIL stretches these to 0..255, the file says 0..3 or 0..15: which was meant?
        if (!png.hasPalette() && (png.bits() == 2 || png.bits() == 4)) {
            throw unusable(
                    file,
                    "has gray levels of " + png.bits() + " bits, which tools read in different ways;"
                            + " write labels with 8 bits");
        }
        return png.labels();
    }

    /**
     * A picture in COCO's panoptic format: PNG in colour, a segment's id is {@code R + 256 G + 65536 B}. Transparency is passed
     * over.
     *
     * @throws UnusableInputException for any other, naming the file
     */
    public static LabelMap ofSegmentIds(Path file) {
        return ofSegmentIds(file, read(file));
    }

    /** The same of bytes that lie anywhere; the file is for messages. */
    public static LabelMap ofSegmentIds(Path file, byte[] bytes) {
        PngSamples png = PngSamples.parse(file, bytes);
        if (png.samples() < 3 || png.bits() != 8) {
            throw unusable(
                    file, "is no colour picture with 8 bits a sample: the id of a segment is R + 256 G + 65536 B");
        }
        return png.segmentIds();
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        } catch (OutOfMemoryError e) {
            throw new UnusableInputException(file + " is too large for a picture of labels", e);
        }
    }

    static UnusableInputException unusable(Path file, String why) {
        return new UnusableInputException(file + " " + why);
    }

    static void requireSize(Path file, long height, long width) {
        if (height < 1 || width < 1 || height * width > MOST_PIXELS) {
            throw unusable(
                    file,
                    "is " + width + " wide and " + height + " high; at most " + MOST_PIXELS + " pixels can be read");
        }
    }

    public boolean hasSizeOf(LabelMap other) {
        return height == other.height && width == other.width;
    }
}
