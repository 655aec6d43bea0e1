package io.maskroute.datasets.mask;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * COCO's text form of run lengths (maskApi.c, {@code rleToString} and {@code rleFrString}): from the fourth run on, the
 * difference to the run two before; then groups of five bits, lowest first, each as a character from '0' on, with bit
 * 32 set in all but the last group of a number.
 */
final class CompressedRuns {
    /** 35 bits: more than the longest run or difference can need. */
    private static final int MAX_GROUPS = 7;

    private static final int FIRST = '0';
    private static final int LAST = 'o';

    private CompressedRuns() {}

    static String write(int[] counts) {
        byte[] text = new byte[counts.length * 2 + MAX_GROUPS];
        int length = 0;
        for (int i = 0; i < counts.length; i++) {
            if (text.length - length < MAX_GROUPS) {
                text = Arrays.copyOf(text, 2 * text.length);
            }
            int rest = i > 2 ? counts[i] - counts[i - 2] : counts[i];
            boolean more;
            do {
                int group = rest & 31;
                rest >>= 5;
                more = (group & 16) != 0 ? rest != -1 : rest != 0;
                text[length++] = (byte) (FIRST + (more ? group | 32 : group));
            } while (more);
        }
        return new String(text, 0, length, StandardCharsets.ISO_8859_1);
    }

    /** The runs of a string; each is checked to be a length, their sum is not. */
    static int[] read(String text) {
        if (text.isEmpty()) {
            throw new InvalidRleException("an empty string is no RLE: it has no runs");
        }
        IntList counts = new IntList();
        int at = 0;
        while (at < text.length()) {
            int start = at;
            long value = 0;
            int shift = 0;
            int group;
            do {
                if (at == text.length()) {
                    throw new InvalidRleException(
                            "RLE string ends within the number that starts at character " + start);
                }
                if (at - start == MAX_GROUPS) {
                    throw new InvalidRleException("number at character " + start + " of the RLE string is longer than "
                            + MAX_GROUPS + " characters");
                }
                char c = text.charAt(at);
                if (c < FIRST || c > LAST) {
                    throw new InvalidRleException(String.format(
                            "character %d of the RLE string is U+%04X; only '0' to 'o' can occur", at, (int) c));
                }
                group = c - FIRST;
                value |= (long) (group & 31) << shift;
                shift += 5;
                at++;
            } while ((group & 32) != 0);
            if ((group & 16) != 0) {
                value |= -1L << shift;
            }
            int i = counts.size();
            if (i > 2) {
                value += counts.get(i - 2);
            }
            counts.add(Rle.requireRun(i, value));
        }
        return counts.toArray();
    }
}
