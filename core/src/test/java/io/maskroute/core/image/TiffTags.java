package io.maskroute.core.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Changes the numbers in a classic little-endian TIFF file's first directory. */
final class TiffTags {
    private TiffTags() {}

    /** Sets the first value of a tag that is there, of whatever type. */
    static void set(byte[] file, int tag, int value) {
        ByteBuffer tiff = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int directory = tiff.getInt(4);
        for (int i = 0; i < tiff.getShort(directory); i++) {
            int at = directory + 2 + 12 * i;
            if ((tiff.getShort(at) & 0xffff) == tag) {
                boolean isShort = tiff.getShort(at + 2) == 3;
                int place = tiff.getInt(at + 4) * (isShort ? 2 : 4) <= 4 ? at + 8 : tiff.getInt(at + 8);
                if (isShort) {
                    tiff.putShort(place, (short) value);
                } else {
                    tiff.putInt(place, value);
                }
                return;
            }
        }
        throw new IllegalArgumentException("the file has no tag " + tag);
    }
}
