package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.testing.Fixtures;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImagePreprocessorTest {
    private static final ModelConfig.Image PSALM = Psalm.published().image();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void equalsTheReferenceToTheLastBit(int picture) {
        try (Safetensors golden = ImageFixtures.tensors("fixtures/ops/preprocess.safetensors")) {
            PreparedImage prepared = preprocessor(64).prepare(ImageFixtures.picture(golden, picture + ".src_u8_hwc"));
            assertThat(prepared.pixels()).isEqualTo(golden.toByteArray(picture + ".padded_u8_chw"));
            assertThat(new long[] {prepared.contentHeight(), prepared.contentWidth()})
                    .isEqualTo(golden.longs(picture + ".valid_hw"));
        }
    }

    @Test
    void takesEveryShapeOfTheReference() {
        try (Safetensors golden = ImageFixtures.tensors("fixtures/ops/resize_shapes_1024.safetensors")) {
            long[] table = golden.longs("table");
            assertThat(table).hasSize(69 * 4);
            for (int row = 0; row < table.length; row += 4) {
                int height = (int) table[row];
                int width = (int) table[row + 1];
                ImagePreprocessor.Content content = preprocessor(1024).content(height, width);
                // The reference fails where a side comes out as 0.
                assertThat(content)
                        .as("%d x %d", height, width)
                        .isEqualTo(new ImagePreprocessor.Content(
                                (int) Math.max(1, table[row + 2]), (int) Math.max(1, table[row + 3])));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"public-A-referring, 96", "public-D-padded-oddwindow, 144", "public-E-sixteen-tokens, 256"})
    void givesTheInputsOfTheModelFixtures(String fixture, int size) {
        try (Safetensors golden = ImageFixtures.tensors("fixtures/" + fixture + "/inputs.safetensors")) {
            PreparedImage prepared = preprocessor(size).prepare(ImageFixtures.picture(golden, "image_u8_hwc_rgb"));
            float[] expected = golden.floats("image");
            assertThat(prepared.pixels()).hasSameSizeAs(expected);
            int plane = size * size;
            for (int i = 0; i < expected.length; i++) {
                int channel = i / plane;
                double normalised =
                        ((prepared.pixels()[i] & 0xff) - PSALM.mean().get(channel))
                                / PSALM.std().get(channel);
                // One step of a sample is 0.017; the rest is fp32 rounding.
                assertThat(Math.abs(normalised - expected[i])).isLessThan(1e-6);
            }
            byte[] padding = golden.toByteArray("padding_mask");
            for (int i = 0; i < plane; i++) {
                boolean content = i / size < prepared.contentHeight() && i % size < prepared.contentWidth();
                assertThat(padding[i]).isEqualTo((byte) (content ? 0 : 1));
            }
        }
    }

    /** The whole picture, stretched: Pillow's bicubic with its overshoot at edges. */
    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "2", "3", "4", "5", "6", "7", "full"})
    void stretchesAsPillowDoes(String example) {
        try (Safetensors golden = Safetensors.open(Fixtures.path("hyperseg/ops/siglip_preprocess.safetensors"))) {
            long[] shape = golden.info(example + ".resized_u8_chw").shape();
            assertThat(ImagePreprocessor.stretched(
                            ImageFixtures.picture(golden, example + ".src_u8_hwc"), (int) shape[1]))
                    .isEqualTo(golden.toByteArray(example + ".resized_u8_chw"));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 64, 64", "1, 500, 1, 64", "500, 1, 64, 1", "2, 3, 43, 64", "64, 64, 64, 64"})
    void keepsALineOfThinPictures(int height, int width, int contentHeight, int contentWidth) {
        byte[] rgb = new byte[3 * height * width];
        Arrays.fill(rgb, (byte) 200);
        PreparedImage prepared = preprocessor(64).prepare(new RgbImage(height, width, rgb));
        assertThat(prepared.contentHeight()).isEqualTo(contentHeight);
        assertThat(prepared.contentWidth()).isEqualTo(contentWidth);
        assertThat(prepared.originalHeight()).isEqualTo(height);
        assertThat(prepared.originalWidth()).isEqualTo(width);
        for (int i = 0; i < 64 * 64; i++) {
            boolean content = i / 64 < contentHeight && i % 64 < contentWidth;
            assertThat(prepared.pixels()[i] & 0xff).isEqualTo(content ? 200 : 128);
        }
    }

    private static ImagePreprocessor preprocessor(int size) {
        return new ImagePreprocessor(new ModelConfig.Image(size, List.of(), List.of(), PSALM.padValue()), 0);
    }
}
