package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ExifTest {
    /** Of each format that carries EXIF. */
    private static final List<String> FILES = List.of(
            "ycc2.jpg",
            "prog.jpg",
            "cmyk.jpg",
            "la.png",
            "interlaced.png",
            "lossless.webp",
            "lossy.webp",
            "tiff_lzw.tif",
            "g4.tif",
            "variants/tf_cmyk8_lzw_t16x16_pred.tif",
            "variants/tf_rgb8_be_zlibTrue.tif");

    private final ImageDecoder stored = new ImageDecoder();
    private final ImageDecoder applying = new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, ExifOrientation.APPLY);

    static Stream<String> files() {
        return FILES.stream();
    }

    static Stream<Arguments> filesTurned() {
        return files().flatMap(file -> IntStream.rangeClosed(1, 8).mapToObj(value -> Arguments.of(file, value)));
    }

    @ParameterizedTest
    @MethodSource("filesTurned")
    void turnsEveryFormat(String file, int value) throws Exception {
        byte[] plain = ImageFixtures.bytes("images/" + file);
        RgbImage picture = stored.decode(plain);
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            byte[] said = ExifFiles.with(plain, ExifFiles.orientation(value, order));
            assertSame(stored.decode(said), picture);
            assertSame(applying.decode(said), Orientation.of(value).turn(picture));
            assertThat(ImageHeader.of(said))
                    .isEqualTo(new ImageHeader(picture.height(), picture.width(), Orientation.of(value)));
        }
    }

    private static void assertSame(RgbImage picture, RgbImage expected) {
        assertThat(List.of(picture.height(), picture.width())).containsExactly(expected.height(), expected.width());
        assertThat(picture.rgb()).isEqualTo(expected.rgb());
    }

    /** A red band along one side: on top in 1 and 6, below in 3 and 8, and rows of 5 are columns. */
    @ParameterizedTest
    @CsvSource({"1, 60, 40", "3, 60, 40", "5, 40, 60", "6, 40, 60", "8, 40, 60"})
    void showsPhotographsUpright(int value, int width, int height) throws Exception {
        byte[] encoded = ImageFixtures.bytes("images/orientation-" + value + ".jpg");
        RgbImage asStored = stored.decode(encoded);
        assertThat(List.of(asStored.width(), asStored.height())).containsExactly(60, 40);
        RgbImage upright = applying.decode(encoded);
        assertThat(List.of(upright.width(), upright.height())).containsExactly(width, height);
        if (value == 6) {
            assertThat(isRed(upright, 2, width / 2)).isTrue();
            assertThat(isRed(upright, height - 3, width / 2)).isFalse();
        } else if (value == 8) {
            assertThat(isRed(upright, 2, width / 2)).isFalse();
            assertThat(isRed(upright, height - 3, width / 2)).isTrue();
        }
    }

    private static boolean isRed(RgbImage picture, int row, int column) {
        int at = 3 * (row * picture.width() + column);
        return (picture.rgb()[at] & 0xff) > 150 && (picture.rgb()[at + 1] & 0xff) < 100;
    }

    @ParameterizedTest
    @MethodSource("files")
    void takesNoMemoryForTagsThatNobodyAskedFor(String file) throws Exception {
        byte[] plain = ImageFixtures.bytes("images/" + file);
        byte[] bomb = ExifFiles.with(plain, ExifFiles.bomb());
        for (ImageDecoder decoder : List.of(stored, applying)) {
            assertThat(Allocation.of(() -> decoder.decode(bomb))).isLessThan(32L << 20);
            assertThat(decoder.decode(bomb)).usingRecursiveComparison().isEqualTo(stored.decode(plain));
        }
        assertThat(Allocation.of(() -> ImageHeader.of(bomb))).isLessThan(32L << 20);
    }

    @ParameterizedTest
    @CsvSource({"0", "9", "255", "65535"})
    void keepsPicturesOfAnUnknownOrientation(int value) throws Exception {
        byte[] plain = ImageFixtures.bytes("images/ycc2.jpg");
        byte[] said = ExifFiles.with(plain, ExifFiles.orientation(value, ByteOrder.LITTLE_ENDIAN));
        assertThat(applying.decode(said).rgb()).isEqualTo(stored.decode(plain).rgb());
    }

    @Test
    void theFirstOfSeveralSegmentsCounts() throws Exception {
        byte[] plain = ImageFixtures.bytes("images/ycc2.jpg");
        byte[] second = ExifFiles.with(plain, ExifFiles.orientation(3, ByteOrder.LITTLE_ENDIAN));
        byte[] both = ExifFiles.with(second, ExifFiles.orientation(8, ByteOrder.BIG_ENDIAN));
        assertThat(ImageHeader.of(both).orientation()).isEqualTo(Orientation.LEFT_BOTTOM);
    }

    /** EXIF data that ends anywhere says nothing, or what it said before. */
    @Test
    void survivesDamagedTags() throws Exception {
        byte[] plain = ImageFixtures.bytes("images/ycc2.jpg");
        byte[] exif = ExifFiles.orientation(6, ByteOrder.BIG_ENDIAN);
        for (int length = 0; length < exif.length; length++) {
            byte[] cut = ExifFiles.with(plain, java.util.Arrays.copyOf(exif, length));
            assertThat(ImageHeader.of(cut).orientation())
                    .as("%d bytes", length)
                    .isEqualTo(length < 22 ? Orientation.TOP_LEFT : Orientation.RIGHT_TOP);
        }
    }

    static Stream<String> everyFile() throws IOException {
        return Stream.concat(
                ImageFixtures.entries("images/pillow.json")
                        .map(entry -> "images/" + entry.get("file").textValue()),
                ImageFixtures.entries("images/variants/variants.json")
                        .map(entry -> "images/variants/" + entry.get("file").textValue()));
    }

    @ParameterizedTest
    @MethodSource("everyFile")
    void headersSayWhatIsDecoded(String file) throws Exception {
        byte[] encoded = ImageFixtures.bytes(file);
        RgbImage picture = stored.decode(encoded);
        ImageHeader header = ImageHeader.of(encoded);
        assertThat(List.of(header.height(), header.width())).containsExactly(picture.height(), picture.width());
    }
}
