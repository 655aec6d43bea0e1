package io.maskroute.datasets;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageIO;

/** Pictures that say how they are to be turned. */
public final class ExifOrientations {
    private ExifOrientations() {}

    /** A JPEG file with an EXIF segment in front. */
    public static byte[] jpeg(byte[] jpeg, int orientation) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(jpeg, 0, 2);
        byte[] exif = exif(orientation);
        file.writeBytes(new byte[] {(byte) 0xFF, (byte) 0xE1, 0, (byte) (exif.length + 8), 'E', 'x', 'i', 'f', 0, 0});
        file.writeBytes(exif);
        file.write(jpeg, 2, jpeg.length - 2);
        return file.toByteArray();
    }

    /** A PNG file with an EXIF chunk behind its pixels. */
    public static byte[] png(BufferedImage picture, int orientation) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", file);
        byte[] png = file.toByteArray();
        file.reset();
        int end = png.length - 12;
        file.write(png, 0, end);
        byte[] exif = exif(orientation);
        file.writeBytes(new byte[] {0, 0, 0, (byte) exif.length, 'e', 'X', 'I', 'f'});
        file.writeBytes(exif);
        // A checksum, which nobody looks at in a chunk without pixels.
        file.writeBytes(new byte[4]);
        file.writeBytes(Arrays.copyOfRange(png, end, png.length));
        return file.toByteArray();
    }

    private static byte[] exif(int orientation) {
        return new byte[] {
            'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0
        };
    }
}
