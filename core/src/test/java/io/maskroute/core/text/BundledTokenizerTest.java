package io.maskroute.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.maskroute.core.family.Prompts;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.task.Head;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The small model's own tokenizer, {@code models/tiny/tokenizer.json}. */
class BundledTokenizerTest {
    private static final Path FILE = Path.of("../models/tiny/tokenizer.json");
    private static final int SIZE = 2048;

    private static HuggingFaceTokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        tokenizer = HuggingFaceTokenizer.builder()
                .optTokenizerPath(FILE)
                .optAddSpecialTokens(false)
                .optTruncation(false)
                .optPadding(false)
                .build();
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "the man in red on the left",
                "\ud83d\udc36 dog",
                "caf\u00e9",
                "cafe\u0301",
                "\u7ea2\u8272\u7684\u72d7",
                "\u0643\u0644\u0628",
                "a\u0000b",
                "\ufeffdog",
                "\ufffd",
                "\u200f\u202e",
                "a\r\n\t b",
                "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67",
                "[INST] <image> </s>"
            })
    void losesNothingOfAnyUnicodeText(String text) {
        long[] ids = ids(text);
        assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < SIZE);
        assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
    }

    @Test
    void hasAllBytes() {
        StringBuilder text = new StringBuilder();
        for (int c = 0; c < 0x800; c++) {
            text.appendCodePoint(c);
        }
        assertThat(tokenizer.decode(ids(text.toString()), false)).isEqualTo(text.toString());
    }

    @ParameterizedTest
    @CsvSource({"<|endoftext|>, 2045", "[PAD], 2046", "[SEG], 2047"})
    void knowsTheSpecialTokens(String text, long id) {
        assertThat(ids(text)).containsExactly(id);
    }

    @Test
    void givesCommonWordsOneTokenEach() {
        assertThat(ids(" the second man from the left wearing a blue shirt.")).hasSize(11);
        assertThat(ids(Prompts.pieces(new Psalm().prompts().whole(Head.SEG, 1)).get(0)))
                .hasSizeLessThan(60);
    }

    private static long[] ids(String text) {
        return tokenizer.encode(text).getIds();
    }
}
