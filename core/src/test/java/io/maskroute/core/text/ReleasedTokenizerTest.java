package io.maskroute.core.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import io.maskroute.core.checkpoint.ReleasedTokenizer;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.task.Category;
import io.maskroute.core.task.Drawn;
import io.maskroute.core.task.Head;
import io.maskroute.core.task.PanopticTask;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.RegionTask;
import io.maskroute.core.task.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tokenizer made of the released folder's vocabulary and merges, against PSALM's ids and against jtokkit. */
class ReleasedTokenizerTest {
    private static final int TEXTS = 10_000;
    private static final Pattern ADDED = Pattern.compile("<\\|endoftext\\|>|\\[PAD\\]|\\[SEG\\]| {2,31}|\\t{2,9}");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Encoding GPT2 = Encodings.newDefaultEncodingRegistry().getEncoding(EncodingType.R50K_BASE);

    @TempDir
    private static Path temp;

    private static TokenizerJson released;
    private static HuggingFaceTokenizer tokenizer;
    private static Map<String, Integer> added;
    private static List<String> texts;

    @BeforeAll
    static void write() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("released"));
        ReleasedTokenizer.write(folder);
        released = TokenizerJson.open(folder);
        tokenizer = PromptTokenizer.load(released);
        added = JSON.readerForMapOf(Integer.class)
                .readValue(folder.resolve("added_tokens.json").toFile());
        Random random = new Random(20240607);
        texts = Stream.generate(() -> UnicodeTexts.next(random)).limit(TEXTS).toList();
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    /** All cases of the fixture whose tokens it has: the texts between placeholders, and the names of classes. */
    static Stream<GoldenCase> goldenCases() throws IOException {
        JsonNode cases = JSON.readTree(ReleasedTokenizerTest.class.getResourceAsStream("/fixtures/tokenization.json"))
                .get("cases");
        List<Category> two = List.of(new Category(1, "person", true), new Category(2, "wall-brick", false));
        Drawn any = Drawn.box(0, 0, 1, 1);
        return Stream.of(
                GoldenCase.of(cases, "referring: the man in red", REFERRING, "<refer>", 1),
                GoldenCase.of(
                        cases,
                        "referring: left guy | man with blue shirt on the left | person closest to us",
                        REFERRING,
                        "<refer>",
                        1),
                GoldenCase.of(cases, "referring: a brown horse  standing behind the fence", REFERRING, "<refer>", 1),
                // PSALM's other wording, which no task here has.
                new GoldenCase(
                        "semantic, 3 classes",
                        cases.get("semantic, 3 classes"),
                        new Psalm().prompts().whole(Head.CLASS, 4).replace("Panoptic", "Semantic"),
                        "<cls>"),
                GoldenCase.of(cases, "panoptic, 2 classes", new PanopticTask(two), "<cls>", 3),
                GoldenCase.of(cases, "region, 1", new RegionTask(List.of(any), 0), "<region>", 1),
                GoldenCase.of(cases, "region, 3", new RegionTask(List.of(any, any, any), 0), "<region>", 3));
    }

    private static final Task REFERRING = new ReferringTask(List.of("any"));

    /** A case of the fixture with the prompt's text, in which placeholders stand. */
    record GoldenCase(String name, JsonNode expected, String prompt, String condition) {
        static GoldenCase of(JsonNode cases, String name, Task task, String condition, int conditions) {
            return new GoldenCase(
                    name, cases.get(name), new Psalm().prompts().whole(task.head(), conditions), condition);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    @ParameterizedTest
    @MethodSource("goldenCases")
    void idsArePsalms(GoldenCase golden) {
        List<Integer> ids = new ArrayList<>();
        Matcher placeholders = Pattern.compile("<(?:image|seg|condition)>").matcher(golden.prompt());
        int start = 0;
        while (placeholders.find()) {
            String before = golden.prompt().substring(start, placeholders.start());
            Arrays.stream(ids(before)).forEach(ids::add);
            ids.add(List.of("<image>", "<seg>", "<cls>", "<region>", "<refer>")
                                    .indexOf(placeholders.group().replace("<condition>", golden.condition()))
                            * -1
                    - 200);
            start = placeholders.end();
        }
        Arrays.stream(ids(golden.prompt().substring(start))).forEach(ids::add);
        assertThat(ids).isEqualTo(list(golden.expected().get("input_ids")));

        int seg = released.id("[SEG]").orElseThrow();
        if (golden.expected().has("refer_text")) {
            String condition = golden.expected().get("refer_text").textValue();
            assertThat(with(ids(condition), seg))
                    .isEqualTo(list(golden.expected().get("token_refer_id")));
        }
        if (golden.expected().has("names")) {
            List<Integer> names = new ArrayList<>();
            golden.expected().get("names").forEach(name -> names.addAll(with(ids(name.textValue()), seg)));
            names.addAll(with(ids("background"), seg));
            assertThat(names).isEqualTo(list(golden.expected().get("class_name_ids")));
        }
    }

    @Test
    void vocabularyAndMergesAloneAreGpt2s() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("gpt2"));
        for (String file : List.of("vocab.json", "merges.txt")) {
            Files.copy(temp.resolve("released").resolve(file), folder.resolve(file));
        }
        TokenizerJson gpt2 = TokenizerJson.open(folder);
        assertThat(gpt2.size()).isEqualTo(50257);
        try (HuggingFaceTokenizer plain = PromptTokenizer.load(gpt2)) {
            for (String text : texts) {
                int[] ids = ids(plain, text);
                assertThat(ids).as(text).isEqualTo(gpt2(text));
                assertThat(plain.decode(Arrays.stream(ids).asLongStream().toArray(), false))
                        .isEqualTo(text);
            }
        }
    }

    /** jtokkit does not know them: it gets the texts between them. */
    @Test
    void addedTokensAreFoundWholeAndTheRestIsGpt2s() {
        List<String> tokens = List.copyOf(added.keySet());
        int found = 0;
        for (int i = 0; i < TEXTS; i++) {
            String text = i % 2 == 0 ? texts.get(i) : texts.get(i - 1) + tokens.get(i % tokens.size()) + texts.get(i);
            int[] expected = expected(text);
            found += (int) Arrays.stream(expected).filter(id -> id >= 50256).count();
            assertThat(ids(text)).as(text).isEqualTo(expected);
        }
        assertThat(found).isGreaterThan(TEXTS / 2);
    }

    private static int[] expected(String text) {
        IntStream.Builder ids = IntStream.builder();
        Matcher matcher = ADDED.matcher(text);
        int start = 0;
        while (matcher.find()) {
            Arrays.stream(gpt2(text.substring(start, matcher.start()))).forEach(ids::add);
            ids.add(added.getOrDefault(matcher.group(), 50256));
            start = matcher.end();
        }
        Arrays.stream(gpt2(text.substring(start))).forEach(ids::add);
        return ids.build().toArray();
    }

    /** With pairs in the form of newer versions of the library, and laid out otherwise. */
    @Test
    void aTokenizerJsonOfTheSameGivesTheSameIds() throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(released.json());
        ArrayNode pairs = JSON.createArrayNode();
        for (JsonNode merge : json.at("/model/merges")) {
            String[] pair = merge.textValue().split(" ");
            pairs.addArray().add(pair[0]).add(pair[1]);
        }
        ((ObjectNode) json.get("model")).set("merges", pairs);
        Path folder = Files.createDirectory(temp.resolve("one"));
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(folder.resolve("tokenizer.json").toFile(), json);
        TokenizerJson one = TokenizerJson.open(folder);

        assertThat(one.source()).isEqualTo("tokenizer.json");
        assertThat(released.source()).isEqualTo("vocab+merges");
        assertThat(one.size()).isEqualTo(released.size()).isEqualTo(ReleasedTokenizer.SIZE);
        try (HuggingFaceTokenizer ofOne = PromptTokenizer.load(one)) {
            for (String text : texts) {
                assertThat(ids(ofOne, text)).as(text).isEqualTo(ids(text));
            }
        }
    }

    private static int[] gpt2(String text) {
        return GPT2.encodeOrdinary(text).toArray();
    }

    private static int[] ids(String text) {
        return ids(tokenizer, text);
    }

    private static int[] ids(HuggingFaceTokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    private static List<Integer> with(int[] ids, int last) {
        List<Integer> all = new ArrayList<>(Arrays.stream(ids).boxed().toList());
        all.add(last);
        return all;
    }

    private static List<Integer> list(JsonNode array) {
        List<Integer> values = new ArrayList<>();
        array.forEach(value -> values.add(value.intValue()));
        return values;
    }
}
