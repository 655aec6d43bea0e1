package io.maskroute.core.image;

import io.maskroute.core.error.RowFailure;
import java.util.List;
import java.util.Locale;

/** What people take for a picture that can be read, told by how it begins, so that a message can name it without quoting it. */
record OtherFormat(String kind, String name) {
    private static final String PICTURE = "unsupported-image";
    private static final String NO_PICTURE = Bytes.UNREADABLE;
    private static final String READABLE = "a JPEG, PNG, GIF, BMP, WebP or TIFF file";

    private static final List<String> AVIF = List.of("avif", "avis");
    private static final List<String> HEIC =
            List.of("heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1");

    /** Markup may be preceded by blanks, a byte order mark and comments. */
    private static final int TEXT_START = 1024;

    static RowFailure refusal(Bytes file) {
        OtherFormat other = of(file);
        return Bytes.failure(
                other.kind,
                other.kind.equals(PICTURE)
                        ? other.name + " cannot be read: convert it to JPEG or PNG"
                        : "not " + READABLE + ": " + other.name);
    }

    private static OtherFormat of(Bytes file) {
        if (file.length() == 0) {
            return noPicture("the file is empty");
        }
        if (file.startsWith(4, "ftyp")) {
            return new OtherFormat(hasBrand(file, AVIF) || hasBrand(file, HEIC) ? PICTURE : NO_PICTURE, media(file));
        }
        if (file.startsWith(0, "\u00ff\n") || file.startsWith(0, "\0\0\0\fJXL \r\n\u0087\n")) {
            return new OtherFormat(PICTURE, "JPEG XL");
        }
        if (file.startsWith(0, "\0\0\0\fjP  ") || file.startsWith(0, "\u00ffO\u00ffQ")) {
            return new OtherFormat(PICTURE, "JPEG 2000");
        }
        if (file.startsWith(0, "8BPS")) {
            return new OtherFormat(PICTURE, "a Photoshop file");
        }
        if (file.startsWith(0, "%PDF-")) {
            return noPicture("it is a PDF document");
        }
        if (file.startsWith(0, "version https://git-lfs.")) {
            return noPicture("it is a Git LFS pointer, not the file itself; fetch that with git lfs pull");
        }
        if (file.startsWith(0, "PK\3\4")) {
            return noPicture("it is a zip archive");
        }
        if (file.startsWith(0, "\u001f\u008b")) {
            return noPicture("it is compressed with gzip");
        }
        return markup(file);
    }

    private static OtherFormat noPicture(String name) {
        return new OtherFormat(NO_PICTURE, name);
    }

    private static OtherFormat markup(Bytes file) {
        StringBuilder text = new StringBuilder();
        for (int i = file.startsWith(0, "\u00ef\u00bb\u00bf") ? 3 : 0; i < Math.min(TEXT_START, file.length()); i++) {
            text.append((char) file.u8(i));
        }
        String start = text.toString().strip().toLowerCase(Locale.ROOT);
        if (!start.startsWith("<")) {
            return noPicture("no known picture format");
        }
        if (start.contains("<svg")) {
            return new OtherFormat(PICTURE, "SVG");
        }
        if (start.contains("<html") || start.startsWith("<!doctype html")) {
            return noPicture("it is an HTML page, often a server's answer in place of the file");
        }
        return noPicture(start.startsWith("<?xml") ? "it is an XML document" : "no known picture format");
    }

    /** An ISO base media file, by the brands that it says it conforms to. */
    private static String media(Bytes file) {
        return hasBrand(file, AVIF) ? "AVIF" : hasBrand(file, HEIC) ? "HEIC" : "it is a video or another media file";
    }

    private static boolean hasBrand(Bytes file, List<String> brands) {
        long end = Math.min(file.length(), file.u32(0, false));
        for (int at = 8; at + 4 <= end; at += 4) {
            for (String brand : brands) {
                if (file.startsWith(at, brand)) {
                    return true;
                }
            }
        }
        return false;
    }
}
