package io.maskroute.core.text;

import java.util.List;
import java.util.Random;
import java.util.function.Function;

/** Seeded texts of every kind that a byte-level tokenizer cuts in its own way. */
final class UnicodeTexts {
    private static final String[] WORDS = {
        "the", "man", "in", "red", "Left", "GUY", "zebra", "qxzj", "naïve", "Straße", "İ", "ß"
    };
    private static final String[] CONTRACTIONS = {
        "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'", "’s", "''s", "'x"
    };
    private static final String[] SPACES = {
        " ", "  ", "   ", "\t", "\t\t", "\n", "\r\n", "\u00a0", "\u0085", "\u3000", "\u2003", "\u2028", "\u200b",
        "\ufeff", "\u000b", "\u001c"
    };
    private static final String[] EMOJI = {
        "\ud83d\udc36",
        "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67",
        "\ud83d\udc4d\ud83c\udffd",
        "\ud83c\udde9\ud83c\uddea",
        "\u2764\ufe0f",
        "1\ufe0f\u20e3"
    };
    private static final String MARKS = "\u0301\u0308\u0323\u20dd\u0489\u064b\u0e31\u0941\u3099\ufe0f";

    private static final List<Function<Random, String>> KINDS = List.of(
            random -> one(WORDS, random),
            random -> " " + one(WORDS, random),
            random -> one(WORDS, random) + one(CONTRACTIONS, random),
            random -> one(CONTRACTIONS, random),
            random -> one(SPACES, random),
            random -> one(SPACES, random).repeat(1 + random.nextInt(random.nextInt(4) > 0 ? 5 : 70)),
            random -> one(EMOJI, random),
            random -> letter(random) + characters(MARKS, random, 4),
            random -> range(0, 0x20, random, 3),
            random -> range(0x7f, 0xa0, random, 3),
            random -> range('0', '9' + 1, random, 12),
            random -> range('!', '0', random, 5),
            random -> range(0x660, 0x66a, random, 5),
            random -> range(0x4e00, 0x9fa6, random, 6),
            random -> range(0xac00, 0xd7a4, random, 4),
            random -> range(0x5d0, 0x5eb, random, 5) + "\u200f",
            random -> "\u202e" + range(0x620, 0x64b, random, 6),
            random -> Character.toString(any(random)).repeat(1 + random.nextInt(random.nextInt(10) > 0 ? 10 : 300)),
            random -> Character.toString(any(random)),
            random -> " " + Character.toString(any(random)) + Character.toString(any(random)));

    private UnicodeTexts() {}

    /** A text of 1..8 parts of these kinds. */
    static String next(Random random) {
        StringBuilder text = new StringBuilder();
        for (int parts = 1 + random.nextInt(8); parts > 0; parts--) {
            text.append(KINDS.get(random.nextInt(KINDS.size())).apply(random));
        }
        return text.toString();
    }

    /**
     * A character of any plane. Of those that have characters it is one that this Java knows, since what a newer version of
     * Unicode gives a kind is none of the tokenizer's business.
     */
    private static int any(Random random) {
        while (true) {
            int character = random.nextInt(17) << 16 | random.nextInt(1 << 16);
            boolean inUse = character < 0x40000;
            boolean surrogate = character >= 0xd800 && character < 0xe000;
            if (!surrogate && (!inUse || Character.isDefined(character))) {
                return character;
            }
        }
    }

    private static String letter(Random random) {
        return Character.toString('a' + random.nextInt(26));
    }

    private static String one(String[] of, Random random) {
        return of[random.nextInt(of.length)];
    }

    private static String characters(String of, Random random, int most) {
        StringBuilder text = new StringBuilder();
        for (int n = 1 + random.nextInt(most); n > 0; n--) {
            text.append(of.charAt(random.nextInt(of.length())));
        }
        return text.toString();
    }

    private static String range(int from, int to, Random random, int most) {
        StringBuilder text = new StringBuilder();
        for (int n = 1 + random.nextInt(most); n > 0; n--) {
            text.appendCodePoint(from + random.nextInt(to - from));
        }
        return text.toString();
    }
}
