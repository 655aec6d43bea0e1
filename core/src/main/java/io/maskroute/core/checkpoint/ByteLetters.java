package io.maskroute.core.checkpoint;

/**
 * The letters that GPT-2's byte-level tokenizers write for bytes, so that every token is visible text without white space: what
 * is visible in Latin-1 stands for itself, the other bytes for U+0100 upwards, in order.
 */
final class ByteLetters {
    private static final char[] OF_BYTES = ofBytes();

    private ByteLetters() {}

    private static char[] ofBytes() {
        char[] letters = new char[256];
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean visible = (b > 32 && b < 127) || (b > 160 && b != 173);
            letters[b] = visible ? (char) b : next++;
        }
        return letters;
    }

    /** @param b 0..255 */
    static char of(int b) {
        return OF_BYTES[b];
    }
}
