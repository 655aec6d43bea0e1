package io.maskroute.core.pickle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import java.math.BigInteger;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PickleReaderTest {
    private static Object variant(String name) throws URISyntaxException {
        return PickleReader.read(Path.of(PickleReaderTest.class
                .getResource("/data/refcoco_mini/public/pickle_variants/" + name + ".p")
                .toURI()));
    }

    private static Object read(String latin1) {
        return PickleReader.read(
                "x.p", latin1.getBytes(StandardCharsets.ISO_8859_1), PickleLimits.DEFAULT, Globals.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "proto0_py2",
                "proto0_py3",
                "proto1_py3",
                "proto2_py2_bytestrings",
                "proto3_py3",
                "proto4_py3",
                "proto5_py3",
                "tuple_top"
            })
    void everyWayToWriteTheRefsReadsTheSame(String name) throws URISyntaxException {
        assertThat(variant(name)).isEqualTo(variant("proto2_py2_bytestrings"));
    }

    @Test
    void theRefsAreWhatTheyShouldBe() throws URISyntaxException {
        List<?> refs = (List<?>) variant("proto2_py2_bytestrings");
        assertThat(refs).hasSize(16);
        Map<?, ?> wrapped = (Map<?, ?>) variant("dict_wrapped");
        assertThat((Object) wrapped.get("refs")).isEqualTo(refs);
        for (Object ref : refs) {
            assertThat(((Map<?, ?>) ref).keySet().stream().map(String::valueOf))
                    .contains("ref_id", "ann_id", "image_id", "category_id", "split", "sent_ids", "sentences");
            assertThat(((Map<?, ?>) ref).get("ref_id")).isInstanceOf(Long.class);
        }
    }

    /** These differ from the others in two ids of the first ref, which need more than 32 bits. */
    @ParameterizedTest
    @ValueSource(strings = {"proto0_long_ints", "proto2_long_ints"})
    void longIdsAreRead(String name) throws URISyntaxException {
        Object refs = variant(name);
        assertThat(first(refs).put("ann_id", 442619L)).isEqualTo(900100000000123L);
        assertThat(first(refs).put("ref_id", 0L)).isEqualTo(1L << 40);
        assertThat(refs).isEqualTo(variant("proto2_py2_bytestrings"));
    }

    /** These differ from the others in the first raw sentence only. */
    @ParameterizedTest
    @CsvSource({
        "proto0_unicode_raw, café 清 🎿",
        "proto2_unicode_raw, café 清 🎿",
        "proto0_py2_latin1_raw, café woman",
        "proto2_py2_latin1_raw, café woman"
    })
    void nonAsciiTextsAreDecoded(String name, String raw) throws URISyntaxException {
        Object refs = variant(name);
        assertThat(firstSentence(refs).put("raw", "the skier")).isEqualTo(raw);
        Object plain = variant("proto2_py2_bytestrings");
        firstSentence(plain).put("raw", "the skier");
        assertThat(refs).isEqualTo(plain);
    }

    private static Map<String, Object> firstSentence(Object refs) {
        return first(first(refs).get("sentences"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> first(Object list) {
        return (Map<String, Object>) ((List<?>) list).get(0);
    }

    @Test
    void readsEveryPlainValue() {
        assertThat(read("N.")).isNull();
        assertThat(read("I01\n.")).isEqualTo(true);
        assertThat(read("I00\n.")).isEqualTo(false);
        assertThat(read("\u0080\u0002\u0088.")).isEqualTo(true);
        assertThat(read("I-7\n.")).isEqualTo(-7L);
        assertThat(read("L123456789012345678901L\n.")).isEqualTo(new BigInteger("123456789012345678901"));
        assertThat(read("J\u00ff\u00ff\u00ff\u00ff.")).isEqualTo(-1L);
        assertThat(read("M\u0001\u0002.")).isEqualTo(513L);
        assertThat(read("\u008a\u0001\u0080.")).isEqualTo(-128L);
        assertThat(read("\u008a\u0000.")).isEqualTo(0L);
        assertThat(read("\u008a\u0009\0\0\0\0\0\0\0\0\u0001.")).isEqualTo(BigInteger.TWO.pow(64));
        assertThat(read("F1e-3\n.")).isEqualTo(0.001);
        assertThat(read("F-inf\n.")).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(read("G\u003f\u00f8\0\0\0\0\0\0.")).isEqualTo(1.5);
        assertThat(read("S'a\\'\\n\\x41\\101\\\\\\q\u00e9'\n.")).isEqualTo("a'\nAA\\\\qé");
        assertThat(read("S\"it's\"\n.")).isEqualTo("it's");
        assertThat(read("V\\u00e9\\U0001f600\u00e9\\\\u0041\n.")).isEqualTo("é😀é\\\\u0041");
        assertThat(read("X\u0002\0\0\0\u00c3\u00a9.")).isEqualTo("é");
        assertThat(read("\u008c\u0001a.")).isEqualTo("a");
        assertThat(read("C\u0001\u00e9.")).isEqualTo("é");
        assertThat(read("(I1\nI2\nt.")).isEqualTo(List.of(1L, 2L));
        assertThat(read("NN\u0086.")).isEqualTo(Arrays.asList(null, null));
        assertThat(read("(S'a'\nI1\nS'b'\n(ld.")).isEqualTo(Map.of("a", 1L, "b", List.of()));
        assertThat(read("](K\u0001K\u0002K\u00031.")).isEqualTo(List.of());
        assertThat(read("]2a0N.")).isNull();
        assertThat(read("]q\u0001K\u0001ah\u0001\u0086.")).isEqualTo(List.of(List.of(1L), List.of(1L)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "cposix~system~.|asks for posix.system;",
                "S'posix'~S'system'~\u0093.|asks for posix.system;",
                "(iposix~system~.|asks for posix.system;",
                "(NR.|mark where a value is expected",
                "NN\u0081.|NEWOBJ",
                "]Nb.|BUILD",
                "Pid~.|persistent id",
                "NNR.|no name",
                "(.|a mark where a value",
                ".|the stack is empty",
                "K|it ends early",
                "S'a|within a line",
                "S'a~.|without its quotes",
                "S'\\x4'~.|broken escape",
                "V\\U0011ffff~.|0x11FFFF",
                "Va\\u12~.|half an escape",
                "I1.5~.|a number that is none",
                "F0x1p3~.|a number that is none",
                "F1.2.3~.|multiple points",
                "X\u0001\0\0\0\u00ff.|not UTF-8",
                "NI1~a.|no list",
                ")Na.|no list",
                "N(S'a'~I1~u.|no dict",
                "}(S'a'~u.|no value",
                "}I1~I2~s.|not a string",
                "]l.|no mark",
                "gx~.|memo index",
                "g7~.|memo slot 7 is empty",
                "\u0096.|opcode 0x96"
            })
    void refusesWhatItCannotOrMustNotRead(String pickle, String message) {
        assertThatThrownBy(() -> read(pickle.replace('~', '\n')))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("x.p is not a usable pickle")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void keepsWithinItsLimits() {
        PickleLimits few = new PickleLimits(1000, 20, 3);
        Object three = PickleReader.read(
                "x", "((((ltt.".getBytes(StandardCharsets.ISO_8859_1), new PickleLimits(1000, 20, 3), Globals.NONE);
        assertThat(three).isEqualTo(List.of(List.of(List.of())));
        assertLimit("]]]]aaa.", few, "nested more than 3 deep");
        assertLimit("N0".repeat(21) + "N.", few, "more than 20 values");
        // Four times four, shared: few values stored, many when walked.
        assertLimit(
                "](NNNNeq\u0001](h\u0001h\u0001h\u0001h\u0001e.",
                new PickleLimits(1000, 20, 9),
                "expands to more than 20");
        assertLimit("]q\u0001h\u0001a.", few, "contains itself");
    }

    private static void assertLimit(String pickle, PickleLimits limits, String message) {
        assertThatThrownBy(() ->
                        PickleReader.read("x", pickle.getBytes(StandardCharsets.ISO_8859_1), limits, Globals.NONE))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aClosedListOfNamesMayBeAllowed() {
        Globals list = (module, name) -> module.equals("m") && name.equals("pair") ? List::copyOf : null;
        byte[] pickle = "cm\npair\n(I1\nI2\ntR.".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(PickleReader.read("x", pickle, PickleLimits.DEFAULT, list)).isEqualTo(List.of(1L, 2L));
        byte[] other = "cm\nother\n(tR.".getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> PickleReader.read("x", other, PickleLimits.DEFAULT, list))
                .hasMessageContaining("asks for m.other");
        byte[] bare = "cm\npair\n.".getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> PickleReader.read("x", bare, PickleLimits.DEFAULT, list))
                .hasMessageContaining("never called");
    }
}
