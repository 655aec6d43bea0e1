package io.maskroute.datasets.refcoco;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.writer.Findings;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RefsFileTest {
    private final Findings findings = new Findings();

    @Test
    void hostileRefs() throws IOException {
        List<?> hostile = new ObjectMapper()
                .readValue(TestData.path("hostile/refs_hostile.json").toFile(), List.class);

        List<Ref> refs = select(hostile, "val");

        assertThat(refs).extracting(Ref::refId).startsWith(2L, 3L).doesNotContain(1L, 32L, 33L, 34L, 44L);
        assertThat(findings.skipped()).isEqualTo(Map.of("no-sentences", 5L, "empty-sentence", 2L, "bad-value", 4L));
        assertThat(refs.get(15).sentences().get(0).sent()).isEqualTo("\ufffd lone surrogate");
        assertThat(refs.get(4).sentences().get(0).sent()).contains("\uD83D\uDE00");
        assertThat(findings.notes()).isEqualTo(Map.of("text-not-unicode", 1L));
        assertThat(select(hostile, "testZ")).extracting(Ref::refId).containsExactly(32L);
    }

    @Test
    void takesAListOrADictOfIt() {
        List<?> list = List.of(ref(1, "val"));

        assertThat(select(list, "val")).isEqualTo(select(Map.of("refs", list, "_splits", List.of()), "val"));
    }

    @Test
    void refusesWhatHoldsNoRefs() {
        for (Object top : new Object[] {"text", 7L, Map.of(), Map.of("refs", "x")}) {
            assertThatThrownBy(() -> select(top, "val"))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessage("The refs file refs.p does not hold a list of refs");
        }
        assertThatThrownBy(() -> select(null, "val")).isInstanceOf(UnusableInputException.class);
        assertThatThrownBy(() -> select(List.of("x"), "val"))
                .hasMessage("The refs file refs.p has no split 'val'; it has none at all");
    }

    @Test
    void saysThatTheListIsEmptyWhateverSplitIsWanted() {
        for (String split : List.of("val", RefsFile.ALL)) {
            assertThatThrownBy(() -> select(List.of(), split))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessage("The refs file refs.p holds no refs: its list is empty");
        }
    }

    @Test
    void countsEntriesThatAreNoRefs() {
        Map<String, Object> noSplit = ref(1, "val");
        noSplit.remove("split");
        Map<String, Object> hugeId = ref(2, "val");
        hugeId.put("ann_id", BigInteger.ONE.shiftLeft(64));

        assertThat(select(Arrays.asList("x", null, noSplit, hugeId, ref(3, "val")), "val"))
                .extracting(Ref::refId)
                .containsExactly(3L);
        assertThat(findings.skipped()).isEqualTo(Map.of("bad-value", 4L));
        assertThat(findings.lines()).contains("  entry 2 of refs.p: split is missing", "  … and 1 more");
    }

    @Test
    void aBadSentenceDoesNotTakeItsRefWithIt() {
        Map<String, Object> ref = ref(1, "val");
        ref.put(
                "sentences",
                List.of(
                        Map.of("sent_id", 5L, "sent", "a"),
                        Map.of("sent_id", 5L, "sent", "b"),
                        Map.of("sent_id", 6L),
                        Map.of("sent", "c")));

        assertThat(select(List.of(ref), "val").get(0).sentences()).containsExactly(new Ref.Sentence(5, "a"));
        assertThat(findings.skipped()).isEqualTo(Map.of("bad-value", 2L, "duplicate-sent-id", 1L));
    }

    @Test
    void sentencesWithoutWordsAreCountedAndLeftOutUnlessTheyAreWanted() {
        Map<String, Object> ref = ref(1, "val");
        ref.put(
                "sentences",
                List.of(
                        Map.of("sent_id", 5L, "sent", ""),
                        Map.of("sent_id", 6L, "sent", "a cat"),
                        Map.of("sent_id", 7L, "sent", " \u00a0\u200b")));
        Map<String, Object> nothing = ref(2, "val");
        nothing.put("sentences", List.of(Map.of("sent_id", 8L, "sent", "\t")));

        assertThat(select(List.of(ref, nothing), "val")).singleElement().satisfies(kept -> assertThat(kept.sentences())
                .containsExactly(new Ref.Sentence(6, "a cat")));
        assertThat(findings.skipped()).isEqualTo(Map.of("empty-sentence", 3L, "no-sentences", 1L));
        assertThat(findings.lines()).contains("  ref 1: sentence 5 has no words");

        Findings all = new Findings();
        assertThat(select(List.of(ref, nothing), "val", true, all))
                .extracting(kept -> kept.sentences().size())
                .containsExactly(3, 1);
        assertThat(all.skipped()).isEmpty();
        assertThat(all.notes()).isEqualTo(Map.of("empty-sentence", 3L));
    }

    private List<Ref> select(Object pickled, String split) {
        return select(pickled, split, false, findings);
    }

    private static List<Ref> select(Object pickled, String split, boolean keepEmpty, Findings findings) {
        RefsFile refs = new RefsFile("refs.p", split, false, keepEmpty, findings);
        refs.select(pickled);
        return refs.end();
    }

    private static Map<String, Object> ref(long id, String split) {
        return new HashMap<>(Map.of(
                "ref_id",
                id,
                "ann_id",
                10L,
                "image_id",
                20L,
                "split",
                split,
                "sentences",
                List.of(Map.of("sent_id", 1L, "sent", "the cat"))));
    }
}
