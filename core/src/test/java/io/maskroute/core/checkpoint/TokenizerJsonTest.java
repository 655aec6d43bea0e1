package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A vocabulary of the 256 bytes, {@code he}, {@code the} and {@code <|endoftext|>}, with two added tokens. */
class TokenizerJsonTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HE = 256;
    private static final int THE = 257;
    private static final int END = 258;
    private static final int PAD = 259;
    private static final int SEG = 260;
    private static final String MERGES = "#version: 0.2\nh e\nt he\n";

    @TempDir
    private Path folder;

    private final Map<String, Object> vocabulary = new LinkedHashMap<>();

    @BeforeEach
    void write() throws IOException {
        for (int b = 0; b < 256; b++) {
            vocabulary.put(Character.toString(ByteLetters.of(b)), b);
        }
        vocabulary.put("he", HE);
        vocabulary.put("the", THE);
        vocabulary.put("<|endoftext|>", END);
        writeVocabulary();
        put("merges.txt", MERGES);
        put("added_tokens.json", "{\"[PAD]\": 259, \"[SEG]\": 260}");
        put("special_tokens_map.json", "{\"pad_token\": \"[PAD]\"}");
        put("tokenizer_config.json", "{\"tokenizer_class\": \"CodeGenTokenizer\"}");
    }

    private void writeVocabulary() throws IOException {
        JSON.writeValue(folder.resolve("vocab.json").toFile(), vocabulary);
    }

    private Path put(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private TokenizerJson open() {
        return TokenizerJson.open(folder);
    }

    private JsonNode json() throws IOException {
        return JSON.readTree(open().json());
    }

    /** @param parts the first begins with the file that is at fault */
    private void assertRefused(String file, String... parts) {
        assertThatThrownBy(this::open)
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith(folder.resolve(file).toString())
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n")
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(600));
    }

    @Test
    void isBuiltOfVocabularyMergesAndAddedTokens() throws IOException {
        TokenizerJson tokenizer = open();
        assertThat(tokenizer.source()).isEqualTo("vocab+merges");
        assertThat(tokenizer.where()).isEqualTo(folder.resolve("vocab.json") + " + merges.txt");
        assertThat(tokenizer.size()).isEqualTo(261);
        assertThat(tokenizer.id("the")).hasValue(THE);
        assertThat(tokenizer.id("[SEG]")).hasValue(SEG);
        assertThat(tokenizer.id("teh")).isEmpty();
        assertThat(tokenizer.token(SEG)).hasValue("[SEG]");
        assertThat(tokenizer.token(0)).hasValue("\u0100");
        assertThat(tokenizer.token(261)).isEmpty();

        JsonNode json = JSON.readTree(tokenizer.json());
        assertThat(json.at("/model/merges")).extracting(JsonNode::textValue).containsExactly("h e", "t he");
        assertThat(json.at("/model/vocab")).hasSize(259);
        assertThat(json.at("/model/vocab/the").intValue()).isEqualTo(THE);
        assertThat(json.at("/pre_tokenizer/type").textValue()).isEqualTo("ByteLevel");
        assertThat(json.at("/pre_tokenizer/add_prefix_space").booleanValue()).isFalse();
        assertThat(json.get("added_tokens"))
                .extracting(
                        token -> token.get("id").intValue(),
                        token -> token.get("content").textValue(),
                        token -> token.get("special").booleanValue(),
                        token -> token.get("normalized").booleanValue())
                .containsExactly(
                        tuple(END, "<|endoftext|>", true, false),
                        tuple(PAD, "[PAD]", true, false),
                        tuple(SEG, "[SEG]", false, true));
    }

    @Test
    void howTheFilesAreLaidOutMakesNoDifference() throws IOException {
        byte[] first = open().json();
        assertThat(open().json()).isEqualTo(first);

        Map<String, Object> backwards = new LinkedHashMap<>();
        List<String> tokens = List.copyOf(vocabulary.keySet());
        for (int i = tokens.size() - 1; i >= 0; i--) {
            backwards.put(tokens.get(i), vocabulary.get(tokens.get(i)));
        }
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(folder.resolve("vocab.json").toFile(), backwards);
        for (String merges : List.of("h e\nt he", "#version: 0.2\r\nh e\r\nt he\r\n", "#version: 0.2\nh e\nt he\n\n")) {
            put("merges.txt", merges);
            assertThat(open().json()).isEqualTo(first);
        }
    }

    @Test
    void nothingIsWritten() throws IOException {
        List<String> before = files();
        open();
        assertThat(files()).isEqualTo(before);
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(Path::toString).sorted().toList();
        }
    }

    @Test
    void theSmallFilesMayBeAbsent() throws IOException {
        for (String file : List.of("added_tokens.json", "special_tokens_map.json", "tokenizer_config.json")) {
            Files.delete(folder.resolve(file));
        }
        assertThat(open().size()).isEqualTo(259);
        assertThat(json().get("added_tokens"))
                .extracting(token -> token.get("content").textValue())
                .containsExactly("<|endoftext|>");
    }

    /** As transformers 4.34 and newer write them. */
    @Test
    void addedTokensMayStandInTheTokenizersConfiguration() throws IOException {
        put(
                "tokenizer_config.json",
                """
                {"tokenizer_class": "CodeGenTokenizer", "add_prefix_space": true, "eos_token": "the", "bos_token": null,
                 "added_tokens_decoder": {
                   "260": {"content": "[SEG]", "lstrip": true, "rstrip": true, "normalized": false,
                     "single_word": true, "special": false},
                   "259": {"content": "[PAD]", "lstrip": false, "rstrip": false, "normalized": true,
                     "single_word": false, "special": false}}}
                """);
        JsonNode withBoth = json();
        Files.delete(folder.resolve("added_tokens.json"));
        JsonNode json = json();

        assertThat(withBoth).isEqualTo(json);
        assertThat(json.at("/pre_tokenizer/add_prefix_space").booleanValue()).isTrue();
        JsonNode added = json.get("added_tokens");
        assertThat(added).extracting(token -> token.get("id").intValue()).containsExactly(THE, END, PAD, SEG);
        assertThat(added.get(2).get("special").booleanValue())
                .as("by special_tokens_map.json")
                .isTrue();
        assertThat(added.get(3).get("lstrip").booleanValue()).isTrue();
        assertThat(added.get(3).get("rstrip").booleanValue()).isTrue();
        assertThat(added.get(3).get("single_word").booleanValue()).isTrue();
        assertThat(added.get(3).get("normalized").booleanValue()).isFalse();
    }

    @Test
    void specialTokensMayBeObjectsAndOnesWithoutAnIdAreNone() throws IOException {
        put(
                "special_tokens_map.json",
                """
                {"bos_token": {"content": "the", "lstrip": false, "normalized": true, "rstrip": true, "single_word": false},
                 "eos_token": "<s>", "unk_token": "<s>", "additional_special_tokens": ["[SEG]", {"content": "he"}]}
                """);
        assertThat(json().get("added_tokens"))
                .extracting(
                        token -> token.get("content").textValue(),
                        token -> token.get("rstrip").booleanValue(),
                        token -> token.get("special").booleanValue())
                .containsExactly(
                        tuple("he", false, true),
                        tuple("the", true, true),
                        tuple("[PAD]", false, false),
                        tuple("[SEG]", false, true));
    }

    @Test
    void aTokenizerJsonIsPreferredAndKeptAsItIs() throws IOException {
        Path file = put(
                "tokenizer.json",
                """
                {"model": {"type": "BPE", "merges": [["a", "b"], {"c": []}], "vocab": {"é": 7, "b": 1}, "dropout": null},
                 "added_tokens": [{"id": 9, "content": "[SEG]", "special": true}, {"content": "b", "id": 1}],
                 "decoder": {"vocab": {"x": 3}}}
                """);
        put("vocab.json", "broken");
        TokenizerJson tokenizer = open();
        assertThat(tokenizer.source()).isEqualTo("tokenizer.json");
        assertThat(tokenizer.where()).isEqualTo(file.toString());
        assertThat(tokenizer.json()).isEqualTo(Files.readAllBytes(file));
        assertThat(tokenizer.size()).isEqualTo(3);
        assertThat(tokenizer.id("é")).hasValue(7);
        assertThat(tokenizer.token(9)).hasValue("[SEG]");
        assertThat(tokenizer.id("x")).isEmpty();
    }

    @Test
    void aLayoutThatIsNotKnownIsLeftToTheLibrary() throws IOException {
        put("tokenizer.json", "{\"model\": {\"vocab\": [[\"a\", -1.5]]}, \"added_tokens\": null}");
        assertThat(open().size()).isZero();
        put("tokenizer.json", "{}");
        assertThat(open().size()).isZero();
    }

    @Test
    void missingFilesAreNamedWithWhatWouldServe() throws IOException {
        Files.delete(folder.resolve("merges.txt"));
        assertThatThrownBy(this::open)
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("model folder " + folder + " has vocab.json but no merges.txt; fetch it as well"
                        + " (the tokenizer needs both, or tokenizer.json alone)");
        Files.delete(folder.resolve("vocab.json"));
        assertThatThrownBy(this::open)
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("model folder " + folder
                        + " has no tokenizer; it needs tokenizer.json, or vocab.json and merges.txt");
        put("merges.txt", MERGES);
        assertThatThrownBy(this::open).hasMessageContaining("has merges.txt but no vocab.json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tokenizer.json",
                "vocab.json",
                "merges.txt",
                "added_tokens.json",
                "special_tokens_map.json",
                "tokenizer_config.json"
            })
    void whatStandsInAFilesPlaceIsNamed(String file) throws IOException {
        put(file, "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0".repeat(64) + "\nsize 999186\n");
        assertRefused(file, "is a Git LFS pointer", "999186 bytes", "git lfs pull");
        put(file, "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>");
        assertRefused(file, "is an HTML page", "download it again");
        Files.write(folder.resolve(file), new byte[] {'{', '"', (byte) 0xff, '"'});
        assertRefused(file, "is not UTF-8 from byte 2 on");
        // Half a character at the end, and half a surrogate pair as if it were one.
        Files.write(folder.resolve(file), new byte[] {'{', (byte) 0xc4});
        assertRefused(file, "is not UTF-8 from byte 1 on");
        Files.write(folder.resolve(file), new byte[] {'{', '"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'});
        assertRefused(file, "is not UTF-8 from byte 2 on");
    }

    /** Holes on disk: nothing of that size is written or read. */
    @ParameterizedTest
    @CsvSource({
        "tokenizer.json, 500000000",
        "vocab.json, 500000000",
        "merges.txt, 100000000",
        "added_tokens.json, 10000000",
        "special_tokens_map.json, 10000000",
        "tokenizer_config.json, 9000000000"
    })
    void filesOfAbsurdSizeAreNotRead(String file, long size) throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(folder.resolve(file).toFile(), "rw")) {
            sparse.setLength(size);
        }
        assertRefused(file, "has " + size + " bytes", "fetch");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tokenizer.json",
                "vocab.json",
                "added_tokens.json",
                "special_tokens_map.json",
                "tokenizer_config.json"
            })
    void whatIsNoJsonObjectIsRefused(String file) throws IOException {
        for (String json : List.of("", " ", "[]", "3", "null", "\"vocab\"")) {
            put(file, json);
            assertRefused(file, "does not hold a JSON object");
        }
        for (String json : List.of("{", "{\"a\": ", "{\"a\" 1}", "{'a': 1}", "{\"a\": 1,}", "\u0000", "{\"a\": NaN}")) {
            put(file, json);
            assertRefused(file, "is not valid JSON (line 1)");
        }
        put(file, "{} {}");
        assertRefused(file, "goes on behind its JSON object");
        put(file, "{\"a\": " + "[".repeat(100_000));
        assertRefused(file, "");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-1 | gives the token \"the\" the id \"-1\"",
                "1.5 | the id \"1.5\"",
                "\"3\" | the id \"3\"",
                "null | the id \"null\"",
                "true | the id \"true\"",
                "[257] | the id [",
                "{} | the id {",
                "99999999999 | the id \"99999999999\"",
                "1e3 | the id \"1e3\"",
                "5 | gives the tokens \"\u0105\" and \"the\" one id, 5",
                "2147483647 | has 259 tokens, but none with the id 257",
                "259 | has 259 tokens, but none with the id 257"
            })
    void idsThatAreNoneAreRefused(String id, String message) throws IOException {
        vocabulary.put("the", "ID");
        writeVocabulary();
        put("vocab.json", Files.readString(folder.resolve("vocab.json")).replace("\"ID\"", id));
        assertRefused("vocab.json", message, "fetch it again");
    }

    @Test
    void aVocabularyWithATokenTwiceIsRefused() throws IOException {
        String json = Files.readString(folder.resolve("vocab.json"));
        put("vocab.json", json.replace("\"the\":257", "\"the\":257,\"the\":300"));
        assertRefused("vocab.json", "has the token \"the\" twice");
    }

    @Test
    void aVocabularyWithoutEndIsNotReadToTheEnd() throws IOException {
        StringBuilder json = new StringBuilder("{\"0\":0");
        for (int i = 1; i <= TokenizerFile.MAX_TOKENS; i++) {
            json.append(",\"").append(Integer.toString(i, 36)).append("\":").append(i);
        }
        put("vocab.json", json.append('}').toString());
        assertRefused("vocab.json", "has more than 1048576 entries");
    }

    @Test
    void aVocabularyThatIsNotByteLevelIsRefused() throws IOException {
        put("merges.txt", "");
        put("vocab.json", "{\"[UNK]\": 0, \"a\": 1}");
        put("added_tokens.json", "{}");
        assertRefused("vocab.json", "has no token \"\u0100\" for the byte 0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "h|line 2 is \"h\", not two tokens",
                "h e x|line 2 is \"h e x\", not two tokens",
                " he|line 2 is \" he\", not two tokens",
                "he |line 2 is \"he \", not two tokens",
                "h  e|line 2 is \"h  e\", not two tokens",
                "h\te|line 2 is \"h\\te\", not two tokens",
                "h \u4e00|line 2 joins \"h\" and \"\u4e00\", but vocab.json has no token \"\u4e00\"",
                "qu e|line 2 joins \"qu\" and \"e\", but vocab.json has no token \"qu\"",
                "h o|line 2 joins \"h\" and \"o\", but vocab.json has no token \"ho\"",
                "[SE G]|line 2 joins \"[SE\" and \"G]\"",
                "t he|line 4 repeats line 2"
            })
    void mergesThatDoNotFitAreRefused(String line, String message) throws IOException {
        put("merges.txt", "#version: 0.2\n" + line + "\nh e\nt he\n");
        assertRefused("merges.txt", message, "fetch both again");
    }

    @Test
    void anEmptyLineAmongMergesIsRefused() throws IOException {
        put("merges.txt", "#version: 0.2\nh e\n\nt he\n");
        assertRefused("merges.txt", "line 3 is \"\", not two tokens");
    }

    @Test
    void aLongLineIsNotShownWhole() throws IOException {
        put("merges.txt", "#version: 0.2\n" + "x".repeat(1_000_000) + "\n");
        assertRefused("merges.txt", "line 2 is \"" + "x".repeat(80) + "…\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "#version: 0.2\n", "#version: 0.2\nh e\n"})
    void mergesThatAreCutShortAreRefused(String merges) throws IOException {
        put("merges.txt", merges);
        assertRefused("vocab.json", merges.contains("h e") ? "\"the\"" : "\"he\"", "no line of merges.txt makes");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"[SEG]\": 5} | gives the token \"[SEG]\" the id 5, which is that of \"\u0105\" already",
                "{\"the\": 259} | gives the token \"the\" the id 259, but its id is 257 already",
                "{\"[PAD]\": 259, \"[SEG]\": 259} | gives the token \"[SEG]\" the id 259, which is that of \"[PAD]\" already",
                "{\"[SEG]\": -1} | gives the token \"[SEG]\" the id \"-1\"",
                "{\"[SEG]\": 259.5} | gives the token \"[SEG]\" the id \"259.5\"",
                "{\"[SEG]\": {}} | gives the token \"[SEG]\" the id \"{}\"",
                "{\"[SEG]\": 99999999999} | gives the token \"[SEG]\" the id \"99999999999\"",
                "{\"\": 259} | gives the token \"\" the id",
                "{\"\\ud800\": 259} | which is no Unicode text",
                "{\"[SEG]\": 259, \"[SEG]\": 260} | is not valid JSON"
            })
    void addedTokensThatClashAreRefused(String json, String message) throws IOException {
        put("added_tokens.json", json);
        assertRefused("added_tokens.json", message);
    }

    @Test
    void addedTokensWithAGapAreRefused() throws IOException {
        put("added_tokens.json", "{\"[PAD]\": 259, \"[SEG]\": 261}");
        assertRefused("", "adds the token \"[SEG]\" as 261, but none as 260");
        put("added_tokens.json", "{\"[SEG]\": 2147483647}");
        assertRefused("", "adds the token \"[SEG]\" as 2147483647, but none as 259");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"-1\": {\"content\": \"x\"} | id \"-1\"",
                "\"x\": {\"content\": \"x\"} | id \"x\"",
                "\"99999999999\": {\"content\": \"x\"} | id \"99999999999\"",
                "\"261\": {} | added token \"{}\"",
                "\"261\": {\"content\": 3} | expected a text",
                "\"261\": {\"content\": \"\"} | expected a text",
                "\"261\": [] | added token \"[]\"",
                "\"257\": {\"content\": \"xy\"} | gives the token \"xy\" the id 257, which is that of \"the\" already"
            })
    void addedTokensOfTheConfigurationThatMakeNoSenseAreRefused(String token, String message) throws IOException {
        put("tokenizer_config.json", "{\"added_tokens_decoder\": {" + token + "}}");
        assertRefused("tokenizer_config.json", message);
    }

    @Test
    void theTwoPlacesOfAddedTokensMustAgree() throws IOException {
        put("tokenizer_config.json", "{\"added_tokens_decoder\": {\"259\": {\"content\": \"[SEG]\"}}}");
        assertRefused("added_tokens.json", "\"[PAD]\" the id 259, which is that of \"[SEG]\" already");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Qwen2Tokenizer", "CLIPTokenizerFast", "RobertaTokenizer", ""})
    void tokenizersOfOtherKindsAreRefused(String kind) throws IOException {
        put("tokenizer_config.json", "{\"tokenizer_class\": \"" + kind + "\"}");
        assertRefused("tokenizer_config.json", "tokenizer_class \"" + kind + "\"", "tokenizer.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizerFast"})
    void gpt2sTokenizersAreAccepted(String kind) throws IOException {
        byte[] before = open().json();
        put("tokenizer_config.json", "{\"tokenizer_class\": \"" + kind + "\"}");
        assertThat(open().json()).isEqualTo(before);
    }

    @Test
    void namesWithLineEndsAndControlCharactersStayInOneLine() throws IOException {
        put("added_tokens.json", "{\"a\\nb\\u2028\\u202e\\u0007\": 3}");
        assertRefused("added_tokens.json", "\"a\\nb??\\u0007\"");
    }

    @Test
    void theModelsSpecialTokensMustBeTheTokenizers() throws IOException {
        TokenizerJson tokenizer = open();
        tokenizer.requireOf(new ModelConfig.SpecialTokens(SEG, END, PAD));
        assertForeign(
                tokenizer,
                new ModelConfig.SpecialTokens(THE, END, PAD),
                "has the token [SEG] at 260, but the model's is 257, here \"the\"",
                "maskroute.special_tokens.seg");
        assertForeign(
                tokenizer,
                new ModelConfig.SpecialTokens(50296, 50256, 50295),
                "has the token [SEG] at 260, but the model's is 50296, here none");
        assertForeign(
                tokenizer,
                new ModelConfig.SpecialTokens(SEG, PAD, PAD),
                "has the token <|endoftext|> at 258, but the model's is 259, here \"[PAD]\"",
                "maskroute.special_tokens.end_of_text");
        put("added_tokens.json", "{}");
        assertForeign(
                open(),
                new ModelConfig.SpecialTokens(SEG, END, PAD),
                "has no token [SEG], which is the model's token 260, here none; take the tokenizer that belongs to the model");
    }

    private static void assertForeign(TokenizerJson tokenizer, ModelConfig.SpecialTokens model, String... parts) {
        assertThatThrownBy(() -> tokenizer.requireOf(model))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith(tokenizer.where())
                .hasMessageContainingAll(parts);
    }

    @Test
    void idsOfATokenizerJsonThatAreNoneAreRefused() throws IOException {
        put("tokenizer.json", "{\"model\": {\"vocab\": {\"a\": -1}}}");
        assertRefused("tokenizer.json", "gives the token \"a\" the id \"-1\"");
        put("tokenizer.json", "{\"added_tokens\": [{\"id\": 1.5, \"content\": \"a\"}]}");
        assertRefused("tokenizer.json", "gives an added token the id \"1.5\"");
        put("tokenizer.json", "{\"added_tokens\": [{\"id\": 1}]}");
        assertRefused("tokenizer.json", "has an added token without content or without id");
        put("tokenizer.json", "{\"added_tokens\": [3]}");
        assertRefused("tokenizer.json", "has an added token that is no JSON object");
    }
}
