package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrientationTest {
    /** The turned rows of a picture with the rows {@code abc} and {@code def}, from Pillow's {@code exif_transpose}. */
    @ParameterizedTest
    @CsvSource({
        "1, abc/def",
        "2, cba/fed",
        "3, fed/cba",
        "4, def/abc",
        "5, ad/be/cf",
        "6, da/eb/fc",
        "7, fc/eb/da",
        "8, cf/be/ad"
    })
    void turnsAsPillow(int orientation, String expected) {
        RgbImage turned = Orientation.turn(picture("abc/def"), orientation);
        assertThat(turned).usingRecursiveComparison().isEqualTo(picture(expected));
    }

    private static RgbImage picture(String rows) {
        int height = rows.split("/").length;
        String pixels = rows.replace("/", "");
        byte[] rgb = new byte[3 * pixels.length()];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (pixels.charAt(i / 3) + 10 * (i % 3));
        }
        return new RgbImage(height, pixels.length() / height, rgb);
    }
}
