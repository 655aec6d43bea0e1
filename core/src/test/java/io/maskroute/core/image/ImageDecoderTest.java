package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.RowFailure;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final String FOLDER = "images/";

    private final ImageDecoder decoder = new ImageDecoder();

    static Stream<JsonNode> pillow() throws IOException {
        return ImageFixtures.entries(FOLDER + "pillow.json");
    }

    static Stream<JsonNode> variants() throws IOException {
        return ImageFixtures.entries(FOLDER + "variants/variants.json");
    }

    static Stream<String> variantFiles() throws IOException {
        return variants().map(entry -> "variants/" + entry.get("file").textValue());
    }

    @ParameterizedTest
    @MethodSource("pillow")
    void equalsPillowToTheLastBit(JsonNode expected) throws Exception {
        equals(expected, FOLDER);
    }

    @ParameterizedTest
    @MethodSource("variants")
    void readsVariantsAsPillow(JsonNode expected) throws Exception {
        equals(expected, FOLDER + "variants/");
    }

    private void equals(JsonNode expected, String folder) throws Exception {
        RgbImage image =
                decoder.decode(ImageFixtures.bytes(folder + expected.get("file").textValue()));
        assertThat(image.height()).isEqualTo(expected.get("height").intValue());
        assertThat(image.width()).isEqualTo(expected.get("width").intValue());
        CRC32 crc = new CRC32();
        crc.update(image.rgb());
        assertThat(crc.getValue()).isEqualTo(expected.get("crc32").longValue());
    }

    /**
     * The WebP reader repeats chroma samples where libwebp interpolates, and smooths block edges less, so edges differ. The
     * bound is a little above what it does; a reader with a real defect (TwelveMonkeys before 3.15) is above it.
     */
    @Test
    void lossyWebpIsCloseToPillow() throws Exception {
        byte[] ours = decoder.decode(ImageFixtures.bytes(FOLDER + "lossy.webp")).rgb();
        byte[] pillow =
                decoder.decode(ImageFixtures.bytes(FOLDER + "lossy.webp.png")).rgb();
        assertThat(ours).hasSameSizeAs(pillow);
        double mean = IntStream.range(0, ours.length)
                .map(i -> Math.abs((ours[i] & 0xff) - (pillow[i] & 0xff)))
                .average()
                .orElseThrow();
        assertThat(mean).isLessThan(1.7);
    }

    /** However much is cut off: a failure, or the whole picture where only its wrapping is missing; never another picture. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ycc2.jpg",
                "prog.jpg",
                "gray.jpg",
                "cmyk.jpg",
                "restart.jpg",
                "la.png",
                "interlaced.png",
                "p4.png",
                "int.gif",
                "screen.gif",
                "p.bmp",
                "1.bmp",
                "tiff_lzw.tif",
                "g4.tif",
                "jpeg.tif",
                "lossy.webp",
                "lossless.webp"
            })
    void noticesWhatIsCutOff(String file) throws Exception {
        byte[] whole = ImageFixtures.bytes(FOLDER + file);
        byte[] expected = decoder.decode(whole).rgb();
        Random random = new Random(5);
        int failures = 0;
        for (int i = 0; i < 40; i++) {
            int length = i < 10 ? whole.length - 1 - i : random.nextInt(whole.length);
            try {
                RgbImage image = decoder.decode(Arrays.copyOf(whole, length));
                assertThat(image.rgb()).as("%s cut to %d bytes", file, length).isEqualTo(expected);
            } catch (RowFailure expectedOfMost) {
                failures++;
            }
        }
        assertThat(failures).isGreaterThanOrEqualTo(29);
    }

    /** Damage gives another picture or a failure, and never anything else, nor more memory than the pixel limit allows. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ycc2.jpg",
                "prog.jpg",
                "ycck.jpg",
                "la.png",
                "p4.png",
                "screent.gif",
                "p.bmp",
                "rgba.bmp",
                "tiff_lzw.tif",
                "i16.tif",
                "rgba.tif",
                "jpeg.tif",
                "g4.tif",
                "lossy.webp",
                "lossless.webp"
            })
    void survivesDamage(String file) throws Exception {
        assertThat(failuresOfDamaged(file, 300)).isBetween(1, 300);
    }

    @ParameterizedTest
    @MethodSource("variantFiles")
    void survivesDamagedVariants(String file) throws Exception {
        failuresOfDamaged(file, 200);
    }

    private int failuresOfDamaged(String file, int times) throws Exception {
        ImageDecoder limited = new ImageDecoder(100_000, ExifOrientation.APPLY);
        byte[] whole = ImageFixtures.bytes(FOLDER + file);
        Random random = new Random(11);
        int[] failures = {0};
        for (int i = 0; i < times; i++) {
            byte[] damaged =
                    random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
            for (int change = random.nextInt(6); change >= 0 && damaged.length > 0; change--) {
                int within = random.nextBoolean() ? Math.min(200, damaged.length) : damaged.length;
                int at = random.nextInt(within);
                damaged[at] = random.nextBoolean()
                        ? (byte) (damaged[at] ^ 1 << random.nextInt(8))
                        : (byte) (random.nextInt(3) == 0 ? 0xff : random.nextInt(256));
            }
            assertThat(Allocation.of(() -> {
                        try {
                            assertThat(limited.decode(damaged)).isNotNull();
                        } catch (RowFailure failure) {
                            assertThat(failure.getMessage()).isNotBlank();
                            failures[0]++;
                        }
                    }))
                    .as("%s, damage %d", file, i)
                    .isLessThan(32L << 20);
        }
        return failures[0];
    }

    @ParameterizedTest
    @CsvSource({"5062, image-too-large", "5063, ''"})
    void limitsPixels(long maxPixels, String kind) throws Exception {
        ImageDecoder limited = new ImageDecoder(maxPixels, ExifOrientation.STORED);
        for (String file : List.of("ycc2.jpg", "la.png", "p.bmp", "tiff_lzw.tif", "lossy.webp", "int.gif")) {
            byte[] encoded = ImageFixtures.bytes(FOLDER + file);
            RowFailure failure = catchThrowableOfType(RowFailure.class, () -> limited.decode(encoded));
            assertThat(failure == null ? "" : failure.kind()).as(file).isEqualTo(kind);
        }
    }

    @Test
    void limitsProgressiveScans() throws Exception {
        byte[] whole = ImageFixtures.bytes(FOLDER + "prog.jpg");
        byte[] scan = {(byte) 0xFF, (byte) 0xDA, 0, 8, 1, 1, 0, 0, 63, 0};
        byte[] bomb = Arrays.copyOf(whole, whole.length - 2 + 600 * scan.length + 2);
        for (int i = 0; i < 600; i++) {
            System.arraycopy(scan, 0, bomb, whole.length - 2 + i * scan.length, scan.length);
        }
        bomb[bomb.length - 2] = (byte) 0xFF;
        bomb[bomb.length - 1] = (byte) 0xD9;
        RowFailure failure = catchThrowableOfType(RowFailure.class, () -> decoder.decode(bomb));
        assertThat(failure.kind()).isEqualTo("unsupported-image");
    }

    @Test
    void leavesImageIoAlone() throws Exception {
        boolean cache = ImageIO.getUseCache();
        decoder.decode(ImageFixtures.bytes(FOLDER + "ycc2.jpg"));
        assertThat(ImageIO.getUseCache()).isEqualTo(cache);
    }

    @Test
    void decodesInSeveralThreadsAtOnce() throws Exception {
        List<byte[]> files = pillow().map(entry -> entry.get("file").textValue())
                .map(ImageDecoderTest::read)
                .toList();
        List<byte[]> alone = files.stream().map(this::rgb).toList();
        List<byte[]> together = IntStream.range(0, 8 * files.size())
                .parallel()
                .mapToObj(i -> rgb(files.get(i % files.size())))
                .toList();
        for (int i = 0; i < together.size(); i++) {
            assertThat(together.get(i)).isEqualTo(alone.get(i % alone.size()));
        }
    }

    private byte[] rgb(byte[] encoded) {
        try {
            return decoder.decode(encoded).rgb();
        } catch (RowFailure e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] read(String file) {
        try {
            return ImageFixtures.bytes(FOLDER + file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
