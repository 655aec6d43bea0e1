package io.maskroute.datasets.coco;

import io.maskroute.datasets.writer.UnusableEntryException;
import java.util.Arrays;

/** What an entry of {@code images} may say: a file name comes from a stranger and must not leave the image folder. */
final class ImageNames {
    /** Far above any real picture; keeps sizes that lie away from everything that allocates. */
    private static final int LARGEST_SIDE = 1 << 16;

    private static final long LARGEST_PIXELS = 1L << 28;

    private ImageNames() {}

    static String requireInside(String fileName, String what) throws UnusableEntryException {
        boolean inside = !fileName.isBlank()
                && !fileName.startsWith("/")
                && fileName.chars().noneMatch(c -> c == '\\' || c == ':' || c < ' ')
                && Arrays.stream(fileName.split("/", -1))
                        .noneMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
        if (!inside) {
            throw new UnusableEntryException(
                    "unsafe-file-name",
                    what + ": file_name '" + printable(fileName) + "' is not a name inside a folder");
        }
        return fileName;
    }

    static int requireSide(long pixels, String what, String name) throws UnusableEntryException {
        if (pixels < 1 || pixels > LARGEST_SIDE) {
            throw new UnusableEntryException("bad-image-size", what + ": " + name + " is " + pixels);
        }
        return (int) pixels;
    }

    static void requireArea(CocoImage image) throws UnusableEntryException {
        if ((long) image.height() * image.width() > LARGEST_PIXELS) {
            throw new UnusableEntryException(
                    "bad-image-size",
                    "image " + image.id() + ": " + image.width() + "x" + image.height() + " is more than "
                            + LARGEST_PIXELS + " pixels");
        }
    }

    private static String printable(String name) {
        String cut = name.length() > 80 ? name.substring(0, 80) + "…" : name;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
