package io.maskroute.job.testing;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Pictures whose EXIF data says how they are to be turned. */
public final class TurnedPictures {
    private TurnedPictures() {}

    /** A black PNG file of this size as stored. */
    public static byte[] png(int height, int width, int orientation) {
        byte[] png = Datasets.png(height, width);
        int end = png.length - 12;
        byte[] exif = {
            'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0
        };
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(png, 0, end);
        file.writeBytes(new byte[] {0, 0, 0, (byte) exif.length, 'e', 'X', 'I', 'f'});
        file.writeBytes(exif);
        // A checksum, which nobody looks at in a chunk without pixels.
        file.writeBytes(new byte[4]);
        file.writeBytes(Arrays.copyOfRange(png, end, png.length));
        return file.toByteArray();
    }
}
