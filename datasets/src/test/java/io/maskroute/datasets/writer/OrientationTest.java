package io.maskroute.datasets.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.ExifOrientations;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Region;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Truth always fits the picture as it is decoded, whichever way that is. */
class OrientationTest {
    private static final int RED = 0xFF0000;
    private static final int WIDTH = 7;
    private static final int HEIGHT = 4;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void masksMadeOnStoredPixelsAreTurnedWithTheirPicture(int orientation) throws Exception {
        PlannedImage image = image(orientation, WIDTH, HEIGHT, storedMask());
        Findings findings = new Findings();

        PromptMaker.Made upright = check(image, ExifOrientation.APPLY, findings);

        assertThat(mask(upright)).isEqualTo(redPixels(image, ExifOrientation.APPLY));
        assertThat(List.of(upright.masks().height(), upright.masks().width()))
                .isEqualTo(orientation < 5 ? List.of(HEIGHT, WIDTH) : List.of(WIDTH, HEIGHT));
        assertThat(findings.notes()).isEqualTo(orientation == 1 ? Map.of() : Map.of("turned-masks", 1L));
        assertThat(upright.prompts().get(0).truth())
                .isSameAs(upright.prompts().get(1).truth());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void storedPixelsKeepTheirMasks(int orientation) throws Exception {
        PlannedImage image = image(orientation, WIDTH, HEIGHT, storedMask());
        Findings findings = new Findings();

        PromptMaker.Made stored = check(image, ExifOrientation.STORED, findings);

        assertThat(stored).isSameAs(image.prompts());
        assertThat(mask(stored)).isEqualTo(redPixels(image, ExifOrientation.STORED));
        assertThat(findings.notes()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7, 8})
    void masksOfTheTurnedPicturesSizeStayAsTheyAre(int orientation) throws Exception {
        // Red from the top, as a label tool shows it.
        Rle upright = redPixels(image(orientation, WIDTH, HEIGHT, storedMask()), ExifOrientation.APPLY);
        PlannedImage image = image(orientation, HEIGHT, WIDTH, upright);
        Findings findings = new Findings();

        assertThat(mask(check(image, ExifOrientation.APPLY, findings))).isEqualTo(upright);
        assertThat(findings.notes()).isEqualTo(Map.of("masks-made-upright", 1L));

        assertThatThrownBy(() -> check(image, ExifOrientation.STORED, new Findings()))
                .isInstanceOfSatisfying(UnusableEntryException.class, problem -> assertThat(problem.reason())
                        .isEqualTo("image-size-differs"))
                .hasMessageEndingWith("its annotations are for 4x7, which is the picture as EXIF turns it: import with"
                        + " --orientation apply");
    }

    @ParameterizedTest
    @ValueSource(strings = {"APPLY", "STORED"})
    void masksOfNeitherSizeAreRefused(ExifOrientation orientation) throws Exception {
        PlannedImage image = image(6, 6, 4, new Rle(4, 6, new int[] {24}));

        assertThatThrownBy(() -> check(image, orientation, new Findings()))
                .hasMessageEndingWith("is 7x4, its annotations are for 6x4");
    }

    private static PromptMaker.Made check(PlannedImage image, ExifOrientation orientation, Findings findings)
            throws Exception {
        return new PictureBatch(List.of(image), orientation, true).prompts(image, findings, new Configuration());
    }

    /** A red corner that no turning but none leaves where it is. */
    private static boolean isObject(int row, int column) {
        return row == 0 && column < 3 || row == 1 && column == 0;
    }

    private static Rle storedMask() {
        byte[] pixels = new byte[WIDTH * HEIGHT];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (isObject(i % HEIGHT, i / HEIGHT) ? 1 : 0);
        }
        return Rle.of(new BinaryMask(HEIGHT, WIDTH, pixels));
    }

    private PlannedImage image(int orientation, int width, int height, Rle mask) throws Exception {
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                picture.setRGB(x, y, isObject(y, x) ? RED : 0x0000FF);
            }
        }
        Path file = Files.write(folder.resolve("picture.png"), ExifOrientations.png(picture, orientation));
        Truth truth = new Truth(false, List.of(new TruthMask(EncodedMask.of(mask), 1, false, 7L)));
        return new PlannedImage(
                "1",
                file.toUri().toString(),
                new PromptMaker.Made(
                        new PromptMaker.Size(height, width),
                        List.of(
                                PromptRow.referring("a", List.of("the red one"), truth),
                                new PromptRow(
                                        "b",
                                        "region",
                                        List.of(),
                                        null,
                                        List.of(new Region("box", List.of(), EncodedMask.of(mask))),
                                        truth)),
                        1),
                1,
                null,
                null,
                null);
    }

    private static Rle mask(PromptMaker.Made made) {
        Rle mask = made.prompts().get(0).truth().masks().get(0).mask().decode();
        assertThat(made.prompts().get(1).regions().get(0).mask().decode()).isEqualTo(mask);
        return mask;
    }

    private static Rle redPixels(PlannedImage image, ExifOrientation orientation) throws Exception {
        byte[] encoded = Files.readAllBytes(Path.of(java.net.URI.create(image.uri())));
        RgbImage picture = new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, orientation).decode(encoded);
        byte[] pixels = new byte[picture.height() * picture.width()];
        for (int i = 0; i < pixels.length; i++) {
            int at = 3 * (i % picture.height() * picture.width() + i / picture.height());
            pixels[i] = (byte) (picture.rgb()[at] != 0 ? 1 : 0);
        }
        return Rle.of(new BinaryMask(picture.height(), picture.width(), pixels));
    }
}
