package io.maskroute.core.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.mask.BinaryMask;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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
        RgbImage turned = Orientation.of(orientation).turn(picture("abc/def"));
        assertThat(turned).usingRecursiveComparison().isEqualTo(picture(expected));
    }

    @ParameterizedTest
    @EnumSource(Orientation.class)
    void turnsMasksAsPictures(Orientation orientation) {
        for (String object : List.of("a", "bf", "cde", "")) {
            BinaryMask turned = orientation.turn(mask("abc/def", object));
            RgbImage picture = orientation.turn(picture("abc/def"));
            assertThat(List.of(turned.height(), turned.width())).containsExactly(picture.height(), picture.width());
            for (int y = 0; y < turned.height(); y++) {
                for (int x = 0; x < turned.width(); x++) {
                    char pixel = (char) picture.rgb()[3 * (y * picture.width() + x)];
                    assertThat(turned.at(y, x)).isEqualTo(object.indexOf(pixel) >= 0);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Orientation.class)
    void turnsBack(Orientation orientation) {
        RgbImage picture = picture("abc/def");
        assertThat(orientation.inverse().turn(orientation.turn(picture)).rgb()).isEqualTo(picture.rgb());
    }

    private static BinaryMask mask(String rows, String object) {
        String[] lines = rows.split("/");
        byte[] pixels = new byte[lines.length * lines[0].length()];
        for (int i = 0; i < pixels.length; i++) {
            char pixel = lines[i % lines.length].charAt(i / lines.length);
            pixels[i] = (byte) (object.indexOf(pixel) >= 0 ? 1 : 0);
        }
        return new BinaryMask(lines.length, lines[0].length(), pixels);
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
