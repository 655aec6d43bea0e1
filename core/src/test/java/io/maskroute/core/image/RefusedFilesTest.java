package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RefusedFilesTest {
    private static final String NO_PICTURE = "not a JPEG, PNG, GIF, BMP, WebP or TIFF file: ";

    private final ImageDecoder decoder = new ImageDecoder();

    static Stream<Arguments> otherFiles() {
        return Stream.of(
                Arguments.of("", "unreadable-image", "the file is empty"),
                Arguments.of("<!DOCTYPE html><title>Not found</title>", "unreadable-image", "an HTML page"),
                Arguments.of("\u00ef\u00bb\u00bf\r\n  <HTML><body>", "unreadable-image", "an HTML page"),
                Arguments.of("<!-- proxy --><html>", "unreadable-image", "an HTML page"),
                Arguments.of("<?xml version='1.0'?><Error><Code>NoSuchKey", "unreadable-image", "an XML document"),
                Arguments.of("<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported-image", "SVG"),
                Arguments.of("<?xml version='1.0'?>\n<svg>", "unsupported-image", "SVG"),
                Arguments.of(
                        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
                        "unreadable-image",
                        "a Git LFS pointer"),
                Arguments.of("%PDF-1.7\n%\u00e2\u00e3", "unreadable-image", "a PDF document"),
                Arguments.of("PK\3\4\24\0\0\0", "unreadable-image", "a zip archive"),
                Arguments.of("\u001f\u008b\b\0\0\0", "unreadable-image", "compressed with gzip"),
                Arguments.of("\0\0\0\30ftypheic\0\0\0\0mif1heic", "unsupported-image", "HEIC"),
                Arguments.of("\0\0\0\30ftypmif1\0\0\0\0mif1heic", "unsupported-image", "HEIC"),
                Arguments.of("\0\0\0\34ftypavif\0\0\0\0avifmif1miaf", "unsupported-image", "AVIF"),
                Arguments.of("\0\0\0\34ftypmif1\0\0\0\0mif1avifmiaf", "unsupported-image", "AVIF"),
                Arguments.of("\0\0\0\30ftypisom\0\0\2\0isomiso2", "unreadable-image", "a video"),
                Arguments.of("\u00ff\n\u00fa\u001f", "unsupported-image", "JPEG XL"),
                Arguments.of("\0\0\0\fJXL \r\n\u0087\n", "unsupported-image", "JPEG XL"),
                Arguments.of("\0\0\0\fjP  \r\n\u0087\n", "unsupported-image", "JPEG 2000"),
                Arguments.of("8BPS\0\1", "unsupported-image", "a Photoshop file"),
                Arguments.of("root:x:0:0:root:/root:/bin/bash", "unreadable-image", "no known picture format"),
                Arguments.of("BMW,blue\nAudi,red\n", "unreadable-image", "no known picture format"),
                Arguments.of("II", "unreadable-image", "no known picture format"),
                Arguments.of("GIF89", "unreadable-image", "no known picture format"));
    }

    @ParameterizedTest
    @MethodSource("otherFiles")
    void areNamedAndNotQuoted(String content, String kind, String name) {
        byte[] encoded = content.getBytes(StandardCharsets.ISO_8859_1);
        RowFailure failure = refusal(encoded);
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.getMessage()).contains(name).doesNotContain("\n").doesNotContainPattern("[0-9a-f]{8}");
        if (kind.equals("unreadable-image")) {
            assertThat(failure).hasMessageStartingWith(NO_PICTURE);
        }
    }

    /** The same message for all of a kind: nothing in it comes from the file. */
    @Test
    void unknownBytesLeaveNoTrace() {
        for (String secret : new String[] {"root:x:0:0:", "hunter2", "\0\1\2\3\4\5\6\7", "AKIAIOSFODNN7"}) {
            assertThat(refusal(secret.getBytes(StandardCharsets.ISO_8859_1)))
                    .hasMessage(NO_PICTURE + "no known picture format");
        }
    }

    /** What other people's readers say of damaged data may quote it. */
    @Test
    void damageIsNotQuoted() throws Exception {
        byte[] encoded = ImageFixtures.bytes("images/ycc2.jpg");
        int refused = 0;
        for (int at = 20; at < 400; at++) {
            byte[] damaged = encoded.clone();
            damaged[at] = (byte) 0xd5;
            RowFailure failure = catchThrowableOfType(RowFailure.class, () -> decoder.decode(damaged));
            if (failure != null && failure.getCause() != null) {
                assertThat(failure)
                        .hasMessage("the picture is damaged ("
                                + failure.getCause().getClass().getSimpleName() + ")");
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }

    @ParameterizedTest
    @CsvSource({
        "6, old-style JPEG",
        "32809, ThunderScan",
        "34712, JPEG 2000",
        "34887, LERC",
        "34925, LZMA",
        "50000, zstd",
        "50001, WebP",
        "50002, JPEG XL",
        "12345, method 12345"
    })
    void compressionsOfTiffAreNamed(int compression, String name) throws Exception {
        byte[] tiff = ImageFixtures.bytes("images/variants/tf_g8_packbits_s.tif");
        TiffTags.set(tiff, 259, compression);
        RowFailure failure = refusal(tiff);
        assertThat(failure.kind()).isEqualTo("unsupported-image");
        assertThat(failure).hasMessage("TIFF compressed with " + name + " cannot be read");
    }

    @ParameterizedTest
    @CsvSource({
        "258, 32, unsupported-image", // bits a sample
        "258, 0, unsupported-image",
        "277, 0, unsupported-image", // samples a pixel
        "277, 60000, unsupported-image",
        "262, 8, unsupported-image", // L*a*b*
        "262, 2, unsupported-image", // RGB of one sample
        "256, 65000, unreadable-image",
        "256, 0, unreadable-image",
        "278, 0, unreadable-image", // rows of a strip
        "279, 65000, unreadable-image", // bytes of a strip
        "273, 65000, unreadable-image" // place of a strip
    })
    void lyingTiffFilesCostNothing(int tag, int value, String kind) throws Exception {
        byte[] tiff = ImageFixtures.bytes("images/variants/tf_g8_packbits_s.tif");
        TiffTags.set(tiff, tag, value);
        assertThat(refusal(tiff).kind()).isEqualTo(kind);
        assertThat(Allocation.of(() -> decoder.decode(tiff))).isLessThan(32L << 20);
    }

    /** The files that the JDK's reader gets. */
    @ParameterizedTest
    @CsvSource({"g4.tif, 279", "g4.tif, 278", "variants/tif_group3_1.tif, 279", "variants/tif_group3_1.tif, 278"})
    void lyingFaxFilesCostNothing(String file, int tag) throws Exception {
        byte[] tiff = ImageFixtures.bytes("images/" + file);
        // 100 MB, or 65,535 where the number has 16 bits.
        TiffTags.set(tiff, tag, 0x0600_FFFF);
        assertThat(Allocation.of(() -> decoder.decode(tiff))).isLessThan(32L << 20);
    }

    @ParameterizedTest
    @CsvSource({"tf_rgb8_lzw_t16x16_pred.tif", "tf_rgb8_None_t16x16.tif", "tf_rgb8_jpeg_t16x16.tif", "tf_pal16_tile.tif"
    })
    void tilesMayNotBeMuchLargerThanThePicture(String file) throws Exception {
        byte[] tiff = ImageFixtures.bytes("images/variants/" + file);
        TiffTags.set(tiff, 322, 65_520);
        TiffTags.set(tiff, 323, 65_520);
        assertThat(Allocation.of(() -> decoder.decode(tiff))).isLessThan(32L << 20);
        assertThat(refusal(tiff).kind()).isIn("image-too-large", "unreadable-image");
    }

    /** Within the pixel limit, but no file of this length can hold such a picture. */
    @ParameterizedTest
    @CsvSource({
        "ycc2.jpg, 0, BIG, 2",
        "la.png, 16, BIG, 4",
        "variants/gif_87a.gif, 6, LITTLE, 2",
        "variants/bmp_24_size0.bmp, 18, LITTLE, 4"
    })
    void shortFilesOfLargePicturesCostNothing(String file, int at, String order, int bytes) throws Exception {
        byte[] encoded = ImageFixtures.bytes("images/" + file);
        int place = file.endsWith(".jpg") ? frameOf(encoded) : at;
        ByteBuffer buffer =
                ByteBuffer.wrap(encoded).order(order.equals("BIG") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        for (int side = 0; side < 2; side++) {
            if (bytes == 2) {
                buffer.putShort(place + 2 * side, (short) 9_900);
            } else {
                buffer.putInt(place + 4 * side, 9_900);
            }
        }
        if (file.endsWith(".png")) {
            CRC32 crc = new CRC32();
            crc.update(encoded, 12, 17);
            buffer.putInt(29, (int) crc.getValue());
        }
        if (file.endsWith(".gif")) {
            // The frame as well as the screen.
            int frame = 13 + 3 * 16;
            buffer.putShort(frame + 5, (short) 9_900).putShort(frame + 7, (short) 9_900);
        }
        assertThat(refusal(encoded).kind()).isEqualTo("unreadable-image");
        assertThat(Allocation.of(() -> decoder.decode(encoded))).isLessThan(4L << 20);
    }

    /** Where the first frame header's height stands. */
    private static int frameOf(byte[] jpeg) {
        for (int at = 0; ; at++) {
            if ((jpeg[at] & 0xff) == 0xFF && (jpeg[at + 1] & 0xff) == 0xC0) {
                return at + 5;
            }
        }
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(new OutOfMemoryError("Java heap space"), "out-of-memory"),
                Arguments.of(new StackOverflowError(), "unreadable-image"),
                Arguments.of(new NoClassDefFoundError("org/codec/Reader"), "unsupported-image"),
                Arguments.of(new ExceptionInInitializerError(new IllegalStateException()), "unsupported-image"),
                Arguments.of(new UnsatisfiedLinkError("no javajpeg"), "unsupported-image"),
                Arguments.of(new InternalError("codec"), "unreadable-image"),
                Arguments.of(new AssertionError("codec"), "unreadable-image"),
                Arguments.of(new IllegalStateException("codec"), "unreadable-image"),
                Arguments.of(new EOFException(), "unreadable-image"),
                Arguments.of(new IOException("codec"), "unreadable-image"));
    }

    @ParameterizedTest
    @MethodSource("errors")
    void whateverAReaderThrowsIsAFailureOfTheRow(Throwable thrown, String kind) {
        RowFailure failure = catchThrowableOfType(
                RowFailure.class, () -> ImageDecoder.guarded(() -> RefusedFilesTest.<RuntimeException>thrown(thrown)));
        assertThat(failure.stage()).isEqualTo(Stage.DECODE);
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure).hasCause(thrown);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> Object thrown(Throwable thrown) throws E {
        throw (E) thrown;
    }

    private RowFailure refusal(byte[] encoded) {
        RowFailure failure = catchThrowableOfType(RowFailure.class, () -> decoder.decode(encoded));
        assertThat(failure).isNotNull();
        return failure;
    }
}
