package io.maskroute.core.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.checkpoint.ReleasedTokenizer;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.PreparedPrompt.Span;
import io.maskroute.core.task.Head;
import io.maskroute.core.task.ReferringTask;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptTokenizerTest {
    private static final ModelConfig PSALM = Psalm.published();
    private static final int IMAGE_TOKENS = 256;

    @TempDir
    static Path folder;

    private static TokenizerJson released;
    private static PromptTokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        ReleasedTokenizer.write(folder);
        released = TokenizerJson.open(folder);
        tokenizer = PromptTokenizer.open(released, PSALM, IMAGE_TOKENS);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    static Stream<JsonNode> referringCases() throws IOException {
        List<JsonNode> cases = new ArrayList<>();
        golden().get("cases").fields().forEachRemaining(entry -> {
            if (entry.getValue().has("refer_text")) {
                cases.add(entry.getValue());
            }
        });
        assertThat(cases).hasSize(3);
        return cases.stream();
    }

    @Test
    void promptTextIsPsalms() throws IOException {
        assertThat(new Psalm().prompts().whole(Head.SEG, 1).replace("<condition>", "<refer>"))
                .isEqualTo(golden().at("/prompt/referring_prompt_text").textValue());
    }

    @ParameterizedTest
    @MethodSource("referringCases")
    void idsArePsalms(JsonNode golden) throws Exception {
        List<String> sentences = new ArrayList<>();
        golden.get("sentences").forEach(sentence -> sentences.add(sentence.textValue()));
        PreparedPrompt prompt = tokenizer.prepare(new ReferringTask(sentences));

        assertThat(new ReferringTask(sentences).conditions().get(0).words())
                .isEqualTo(golden.get("refer_text").textValue());
        assertThat(condition(prompt)).isEqualTo(ints(golden.get("token_refer_id")));
        // The golden sequence has placeholders below zero, and two tokens after the mask tokens that are never needed.
        int[] whole =
                concat(prompt.prefix(), new int[] {-200}, before(prompt), new int[] {-204}, behind(prompt), new int[] {
                    -201, 220, PSALM.specialTokens().endOfText()
                });
        assertThat(whole).isEqualTo(ints(golden.get("input_ids")));
        JsonNode layout = golden.get("layout");
        int refer = prompt.prefix().length + IMAGE_TOKENS + prompt.sharable();
        assertThat(prompt.prefix()).hasSize(layout.get("image").intValue());
        assertThat(refer).isEqualTo(layout.get("refer").intValue());
        assertThat(refer + prompt.ownLength()).isEqualTo(layout.get("mask").intValue());
    }

    @Test
    void promptsShareTheirFixedIds() throws Exception {
        PreparedPrompt one = tokenizer.prepare(prompt("left guy"));
        PreparedPrompt other = tokenizer.prepare(prompt("right guy"));
        assertThat(one.prefix()).isSameAs(other.prefix());
        assertThat(before(one)).isEqualTo(before(other));
        assertThat(behind(one)).isEqualTo(behind(other));
    }

    @Test
    void refusesWhatDoesNotFitTheModelsPositions() throws Exception {
        PreparedPrompt shortPrompt = tokenizer.prepare(prompt("a"));
        int around = shortPrompt.prefix().length
                + IMAGE_TOKENS
                + before(shortPrompt).length
                + behind(shortPrompt).length
                + PSALM.maskDecoder().queries();
        int room = PSALM.llm().maxPositions() - around;
        // Each " a" is one token; the full stop and [SEG] are two more.
        String fits = "a" + " a".repeat(room - 3);
        assertThat(condition(tokenizer.prepare(prompt(fits)))).hasSize(room);
        assertFailure(prompt(fits + " a"), "prompt-too-long");
        assertFailure(prompt("x".repeat(10_000_000)), "prompt-too-long");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t\n", "\u3000", "\u00a0", "\u200b\ufeff", "\u3164", "\u2800", "\0"})
    void refusesASentenceWithoutWords(String sentence) {
        assertFailure(prompt(sentence), "empty-prompt");
        assertFailure(new ReferringTask(List.of("a dog", sentence)), "empty-prompt");
    }

    @ParameterizedTest
    @ValueSource(strings = {".", " a ", "\u200bx", "\u4eba", "\ud83d\ude00", "\u0301"})
    void takesAnySentenceThatCanBeSeen(String sentence) throws RowFailure {
        assertThat(condition(tokenizer.prepare(prompt(sentence)))).hasSizeGreaterThan(1);
    }

    @Test
    void refusesAPromptWithoutSentences() {
        assertFailure(new ReferringTask(List.of()), "empty-prompt");
    }

    @Test
    void refusesHalfSurrogatePairs() {
        assertFailure(prompt("a \ud83d dog"), "malformed-text");
        assertFailure(prompt("\udc36"), "malformed-text");
    }

    @Test
    void threadsShareOneTokenizer() throws Exception {
        List<String> sentences = IntStream.range(0, 50)
                .mapToObj(i -> "the " + i + "th dog from the left, " + "very ".repeat(i) + "small")
                .toList();
        List<int[]> alone = sentences.stream().map(this::condition).toList();
        List<int[]> together = IntStream.range(0, 2000)
                .parallel()
                .mapToObj(i -> condition(sentences.get(i % 50)))
                .toList();
        for (int i = 0; i < together.size(); i++) {
            assertThat(together.get(i)).isEqualTo(alone.get(i % 50));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"a b\"]}}",
                "{\"model\": {\"type\": \"None\"}}"
            })
    void saysWhatTheLibrarySaysOfTheFile(String json) throws IOException {
        Path file =
                Files.writeString(Files.createTempDirectory(folder, "broken").resolve("tokenizer.json"), json);
        TokenizerJson broken = TokenizerJson.open(file.getParent());
        assertThatThrownBy(() -> PromptTokenizer.open(broken, PSALM, IMAGE_TOKENS))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith(file + " is no tokenizer that can be read: ")
                .hasMessageNotContaining("null")
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesATokenizerThatDoesNotFitTheModel() {
        assertThatThrownBy(() -> PromptTokenizer.open(released, withSizes(1000, 2048), IMAGE_TOKENS))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("beyond the model's 1000 embeddings");
        assertThatThrownBy(() -> PromptTokenizer.open(released, withSizes(50297, 300), IMAGE_TOKENS))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("300 positions")
                .hasMessageContaining(" beside its words");
    }

    private static ModelConfig withSizes(int vocab, int maxPositions) {
        ModelConfig.Llm llm = PSALM.llm();
        return new ModelConfig(
                PSALM.image(),
                PSALM.swin(),
                PSALM.visualTokens(),
                new ModelConfig.Llm(
                        llm.hidden(),
                        llm.ffn(),
                        llm.layers(),
                        llm.heads(),
                        llm.rotaryDim(),
                        vocab,
                        llm.layerNormEps(),
                        llm.ropeTheta(),
                        maxPositions),
                PSALM.pixelDecoder(),
                PSALM.maskDecoder(),
                PSALM.specialTokens());
    }

    private static void assertFailure(ReferringTask prompt, String kind) {
        RowFailure failure = catchThrowableOfType(RowFailure.class, () -> tokenizer.prepare(prompt));
        assertThat(failure).isNotNull();
        assertThat(failure.stage()).isEqualTo(Stage.TOKENIZE);
        assertThat(failure.kind()).isEqualTo(kind);
    }

    private int[] condition(String sentence) {
        try {
            return condition(tokenizer.prepare(prompt(sentence)));
        } catch (RowFailure e) {
            throw new AssertionError(e);
        }
    }

    private static int[] condition(PreparedPrompt prompt) {
        Span span = prompt.conditions().get(0);
        return Arrays.copyOfRange(prompt.text(), span.start(), span.end());
    }

    private static int[] before(PreparedPrompt prompt) {
        return Arrays.copyOf(prompt.text(), prompt.sharable());
    }

    private static int[] behind(PreparedPrompt prompt) {
        return Arrays.copyOfRange(prompt.text(), prompt.conditions().get(0).end(), prompt.text().length);
    }

    private static ReferringTask prompt(String sentence) {
        return new ReferringTask(List.of(sentence));
    }

    private static JsonNode golden() throws IOException {
        try (InputStream json = PromptTokenizerTest.class.getResourceAsStream("/fixtures/tokenization.json")) {
            return new ObjectMapper().readTree(json);
        }
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    private static int[] concat(int[]... parts) {
        return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
    }
}
