package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.job.testing.CliRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A shortened training of a very small model on generated pictures. */
class TrainCommandTest {
    private static final Path HOME = Path.of("..");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path temp;

    private static Path init;
    private static Path data;

    @BeforeAll
    static void prepare() throws Exception {
        init = Files.createDirectories(temp.resolve("init"));
        Path bundled = HOME.resolve("models/tiny");
        Files.copy(bundled.resolve("tokenizer.json"), init.resolve("tokenizer.json"));
        ObjectNode config =
                (ObjectNode) JSON.readTree(bundled.resolve("config.json").toFile());
        config.put("hidden_size", 64).put("intermediate_size", 128).put("num_hidden_layers", 2);
        ObjectNode ours = (ObjectNode) config.get("maskroute");
        ((ObjectNode) ours.get("image")).put("size", 96);
        ((ObjectNode) ours.get("swin")).put("embed_dim", 8).put("window", 3);
        ((ObjectNode) ours.get("pixel_decoder"))
                .put("conv_dim", 32)
                .put("mask_dim", 32)
                .put("layers", 1)
                .put("ffn", 64);
        ((ObjectNode) ours.get("mask_decoder"))
                .put("dim", 32)
                .put("layers", 2)
                .put("ffn", 64)
                .put("queries", 4);
        JSON.writeValue(init.resolve("config.json").toFile(), config);

        data = temp.resolve("data");
        CliRun imported = CliRun.withSpark(
                HOME,
                "import",
                "shapesref",
                "--split",
                "train",
                "--pictures",
                "24",
                "--seed",
                "5",
                "--level",
                "easy",
                "--size",
                "96",
                "--output",
                data.toString());
        assertThat(imported.code()).as(imported.err()).isZero();
    }

    private static CliRun train(Path output, String... more) {
        return train(init, output, more);
    }

    private static CliRun train(Path init, Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                "--init",
                init.toString(),
                "--from-scratch",
                "--dataset",
                data.toString(),
                "--output",
                output.toString(),
                "--pictures",
                "2",
                "--prompts",
                "4",
                "--learning-rate",
                "2e-3",
                "--warm-up",
                "5",
                "--store-as",
                "f32"));
        arguments.addAll(List.of(more));
        return CliRun.withModel(HOME, 2, arguments.toArray(String[]::new));
    }

    private static Instant written(Path file) throws IOException {
        return Files.getLastModifiedTime(file).toInstant();
    }

    private static List<JsonNode> log(Path output) throws Exception {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(output.resolve("training/log.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    @Test
    void lossFallsAndTheModelSegments() throws Exception {
        Path output = temp.resolve("whole");
        CliRun run = train(
                output,
                "--steps",
                "60",
                "--log-every",
                "10",
                "--validation",
                data.toString(),
                "--validation-pictures",
                "2",
                "--validate-every",
                "60");

        assertThat(run.code()).as(run.err()).isZero();
        List<JsonNode> log = log(output);
        assertThat(log.get(log.size() - 2).get("loss").doubleValue())
                .isLessThan(log.get(0).get("loss").doubleValue() / 2);
        assertThat(log.get(log.size() - 1).get("gIoU").doubleValue()).isBetween(0.0, 1.0);
        // A validation that fails must not cost the steps before it.
        assertThat(written(output.resolve("training/log.jsonl")))
                .isAfterOrEqualTo(written(output.resolve("training/state.safetensors")));
        CliRun evaluated = CliRun.withModel(
                HOME,
                2,
                "evaluate",
                "--model",
                output.toString(),
                "--dataset",
                data.toString(),
                "--output",
                temp.resolve("run").toString());
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
    }

    /** A least score that no mask reaches. */
    @Test
    void aModelThatAnswersNothingIsValidatedAndRuns() throws Exception {
        Path silent = Files.createDirectory(temp.resolve("silent"));
        Files.copy(init.resolve("tokenizer.json"), silent.resolve("tokenizer.json"));
        ObjectNode config =
                (ObjectNode) JSON.readTree(init.resolve("config.json").toFile());
        ((ObjectNode) config.get("maskroute")).put("min_score", 1);
        JSON.writeValue(silent.resolve("config.json").toFile(), config);
        Path output = temp.resolve("silent-trained");

        CliRun run =
                train(silent, output, "--steps", "1", "--validation", data.toString(), "--validation-pictures", "2");

        assertThat(run.code()).as(run.err()).isZero();
        JsonNode validation = log(output).get(1);
        assertThat(validation.get("cIoU").doubleValue()).isZero();
        Path own = temp.resolve("silent-run");
        CliRun evaluated = CliRun.withModel(
                HOME,
                2,
                "evaluate",
                "--model",
                output.toString(),
                "--dataset",
                data.toString(),
                "--output",
                own.toString());
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        JsonNode summary = JSON.readTree(own.resolve("summary.json").toFile());
        assertThat(summary.get("min_score").doubleValue()).isEqualTo(1);
        assertThat(summary.get("failed").intValue()).isZero();
        assertThat(summary.at("/metrics/intersection").longValue()).isZero();
        assertThat(summary.at("/metrics/gIoU").doubleValue())
                .isEqualTo(summary.at("/metrics/no_target").doubleValue()
                        / summary.at("/metrics/samples").doubleValue());
    }

    @Test
    void anInterruptedRunEndsBitForBitLikeOneThatWasNot() throws Exception {
        Path whole = temp.resolve("through");
        Path parts = temp.resolve("parts");
        String[] options = {"--steps", "6", "--objective", "prompts", "--late-mask-tokens", "2"};
        assertThat(train(whole, options).code()).isZero();
        CliRun first = train(parts, and(options, "--stop-after", "3"));
        assertThat(first.code()).as(first.err()).isZero();
        assertThat(first.out()).contains("to go on, give the same command again");
        CliRun second = train(parts, options);
        assertThat(second.out()).contains("trained: " + parts);

        assertThat(parts.resolve("model.safetensors")).hasSameBinaryContentAs(whole.resolve("model.safetensors"));
        assertThat(parts.resolve("training/state.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("training/state.safetensors"));
    }

    /** As PSALM's released folder. What is trained from it has the tokenizer in one file. */
    @Test
    void aFolderWithVocabularyAndMergesTrainsTheSameModel() throws Exception {
        Path released = Files.createDirectory(temp.resolve("released"));
        Files.copy(init.resolve("config.json"), released.resolve("config.json"));
        writeVocabularyAndMerges(released);
        String[] options = {"--steps", "2", "--objective", "pointing"};
        Path same = temp.resolve("from-one-file");
        Path output = temp.resolve("from-vocabulary");
        assertThat(train(same, options).code()).isZero();

        CliRun run = train(released, output, options);

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(output.resolve("model.safetensors")).hasSameBinaryContentAs(same.resolve("model.safetensors"));
        TokenizerJson given = ModelFolder.open(output).tokenizer();
        assertThat(given.source()).isEqualTo("tokenizer.json");
        assertThat(given.json()).isEqualTo(TokenizerJson.open(released).json());

        Files.delete(released.resolve("merges.txt"));
        CliRun half = train(released, temp.resolve("from-half"), options);
        assertThat(half.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(half.err()).contains("has vocab.json but no merges.txt");
    }

    /** The tokenizer of {@link #init}, whose last two tokens are the added ones. */
    private static void writeVocabularyAndMerges(Path folder) throws IOException {
        JsonNode tokenizer = JSON.readTree(init.resolve("tokenizer.json").toFile());
        ObjectNode vocabulary = (ObjectNode) tokenizer.at("/model/vocab");
        ObjectNode added = JSON.createObjectNode();
        for (String token : List.of("[PAD]", "[SEG]")) {
            added.set(token, vocabulary.remove(token));
        }
        JSON.writeValue(folder.resolve("vocab.json").toFile(), vocabulary);
        JSON.writeValue(folder.resolve("added_tokens.json").toFile(), added);
        List<String> merges = new ArrayList<>(List.of("#version: 0.2"));
        tokenizer.at("/model/merges").forEach(merge -> merges.add(merge.textValue()));
        Files.write(folder.resolve("merges.txt"), merges);
    }

    @Test
    void lateMaskTokensChangeWhatIsLearned() throws Exception {
        Path always = temp.resolve("always");
        Path late = temp.resolve("late");
        String[] options = {"--steps", "6", "--objective", "pointing", "--log-every", "1"};
        assertThat(train(always, options).code()).isZero();
        assertThat(train(late, and(options, "--late-mask-tokens", "2")).code()).isZero();

        List<Double> before =
                log(always).stream().map(line -> line.get("loss").doubleValue()).toList();
        List<Double> after =
                log(late).stream().map(line -> line.get("loss").doubleValue()).toList();
        assertThat(after).hasSize(6).isNotEqualTo(before);
        assertThat(late.resolve("model.safetensors"))
                .satisfies(file -> assertThat(Files.mismatch(file, always.resolve("model.safetensors")))
                        .isNotEqualTo(-1));
    }

    @Test
    void wordsAndPromptsAreLearnedWithoutTheMaskDecoderAndWordsWithoutMaskTokens() throws Exception {
        for (String objective : List.of("words", "prompts", "pointing")) {
            Path output = temp.resolve(objective);
            CliRun run = train(output, "--steps", "2", "--log-every", "1", "--objective", objective);
            assertThat(run.code()).as(run.err()).isZero();
            JsonNode line = log(output).get(1);
            assertThat(line.get("grounding").doubleValue()).isPositive();
            assertThat(line.get("tokens").doubleValue()).isPositive();
            assertThat(line.get("maskTokens").doubleValue() > 0).isEqualTo(!objective.equals("words"));
            // Where things are can be told only by who sees them.
            assertThat(line.get("places").doubleValue() > 0).isEqualTo(objective.equals("pointing"));
            assertThat(line.get("dice").doubleValue()).isZero();
        }
    }

    @Test
    void lossesCanBeWeightedAndLeftOut() throws Exception {
        Path output = temp.resolve("weighted");
        CliRun run = train(output, "--steps", "1", "--log-every", "1", "--loss", "places=0", "--loss", "dice=7.5");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(log(output).get(0).get("places").doubleValue()).isZero();
        assertThat(log(output).get(0).get("tokens").doubleValue()).isPositive();
        JsonNode settings =
                JSON.readTree(output.resolve("training/run.json").toFile()).at("/options/settings");
        assertThat(settings.get("places").doubleValue()).isZero();
        assertThat(settings.get("dice").doubleValue()).isEqualTo(7.5);
        assertThat(settings.get("pixels").doubleValue()).isEqualTo(5);
    }

    @Test
    void weightsThatMakeNoSenseAreNamed() {
        Path output = temp.resolve("senseless");
        CliRun negative = train(output, "--loss", "dice=-1");
        assertThat(negative.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(negative.err()).contains("--loss dice must be 0 or more, not -1.0");
        CliRun foreign = train(output, "--objective", "words", "--loss", "pixels=1");
        assertThat(foreign.err()).contains("--objective words has no loss pixels");
        CliRun nothing = train(output, "--objective", "words", "--loss", "grounding=0", "--loss", "tokens=0");
        assertThat(nothing.err()).contains("--loss leaves --objective words nothing to learn from");
        CliRun unknown = train(output, "--loss", "beauty=1");
        assertThat(unknown.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(unknown.err()).contains("beauty").containsIgnoringCase("grounding");
        assertThat(output).doesNotExist();
    }

    @Test
    void aModelGetsMoreMaskTokensAsCopiesOfItsOwn() throws Exception {
        Path few = temp.resolve("few");
        assertThat(train(few, "--steps", "1").code()).isZero();
        Path many = temp.resolve("many");
        String[] onwards = {
            "train",
            "--init",
            few.toString(),
            "--dataset",
            data.toString(),
            "--pictures",
            "2",
            "--steps",
            "1",
            "--store-as",
            "f32",
            "--learning-rate",
            "1e-6",
            "--output"
        };

        CliRun run = CliRun.withModel(HOME, 2, and(onwards, many.toString(), "--mask-tokens", "10"));

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(ModelFolder.open(many).config().maskDecoder().queries()).isEqualTo(10);
        try (TensorSource before = ModelFolder.open(few).openWeights();
                TensorSource after = ModelFolder.open(many).openWeights()) {
            for (String name : List.of("seg_query", "predictor.query_embed.weight")) {
                float[] own = before.floats(name);
                float[] copies = after.floats(name);
                assertThat(copies).hasSize(own.length / 4 * 10);
                for (int i = 0; i < copies.length; i++) {
                    assertThat(copies[i]).isCloseTo(own[i % own.length], within(1e-4f));
                }
            }
        }
        CliRun fewer =
                CliRun.withModel(HOME, 2, and(onwards, temp.resolve("fewer").toString(), "--mask-tokens", "3"));
        assertThat(fewer.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(fewer.err()).contains("has 4 mask tokens, more than 3; give --mask-tokens 4 or more");
        CliRun none =
                CliRun.withModel(HOME, 2, and(onwards, temp.resolve("fewer").toString(), "--mask-tokens", "0"));
        assertThat(none.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(none.err()).contains("--mask-tokens must be above 0, not 0");
        CliRun another = CliRun.withModel(HOME, 2, and(onwards, many.toString(), "--mask-tokens", "12"));
        assertThat(another.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(another.err()).contains("another training run").contains("maskTokens=10");
    }

    @Test
    void anotherRunsFolderIsRefused() {
        Path output = temp.resolve("taken");
        assertThat(train(output, "--steps", "1").code()).isZero();
        CliRun other = train(output, "--steps", "2");
        assertThat(other.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(other.err()).contains("another training run").contains("--fresh");
        Path trained = output.resolve("model.safetensors");
        CliRun nowhere = train(temp.resolve("no such model"), output, "--steps", "2", "--fresh");
        assertThat(nowhere.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(trained).exists();
        assertThat(train(output, "--steps", "2", "--fresh").code()).isZero();
    }

    @Test
    void theFolderOfInitIsNoOutput() throws Exception {
        Path own = Files.createDirectory(temp.resolve("own"));
        for (String file : List.of("config.json", "tokenizer.json")) {
            Files.copy(init.resolve(file), own.resolve(file));
        }
        for (String[] more : new String[][] {{}, {"--fresh"}}) {
            CliRun run = train(own, temp.resolve("init/../own"), and(more, "--steps", "1"));
            assertThat(run.code()).isEqualTo(Cli.UNUSABLE_INPUT);
            assertThat(run.err()).contains("is the folder of --init").contains("give another --output");
            assertThat(own.resolve("config.json")).exists();
            assertThat(own.resolve("training")).doesNotExist();
        }
    }

    @Test
    void numbersThatMakeNoSenseAreNamed() {
        CliRun run = train(temp.resolve("none"), "--steps", "0");
        assertThat(run.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(run.err()).contains("--steps");
        CliRun adapter = train(temp.resolve("none"), "--trainable", "adapter");
        assertThat(adapter.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(adapter.err()).contains("--routing");
        CliRun early = train(temp.resolve("none"), "--late-mask-tokens", "-1");
        assertThat(early.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(early.err())
                .contains("--late-mask-tokens")
                .contains("must be a layer, two of them like 2-4, or 0 for none, not '-1'");
        assertThat(train(temp.resolve("none"), "--late-mask-tokens", "2-1").err())
                .contains("not '2-1'");
        assertThat(train(temp.resolve("none"), "--late-mask-tokens", "0-1").err())
                .contains("not '0-1'");
        assertThat(train(temp.resolve("none"), "--late-mask-tokens", "2-0").err())
                .contains("not '2-0'");
        CliRun words = train(temp.resolve("none"), "--late-mask-tokens", "1", "--objective", "words");
        assertThat(words.err()).contains("--objective words has no mask tokens");
        CliRun validated = train(temp.resolve("none"), "--validation", "anywhere", "--objective", "pointing");
        assertThat(validated.err()).contains("--objective pointing makes no masks to validate");
        CliRun deep = train(temp.resolve("none"), "--late-mask-tokens", "3");
        assertThat(deep.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(deep.err()).contains("has 2 layers; give --late-mask-tokens up to 2");
    }

    @Test
    void aFolderOfAnObjectStoreIsRefusedRatherThanMadeHere() {
        CliRun run = CliRun.withModel(
                temp, 1, "train", "--init", "s3a://models/m", "--dataset", "d", "--output", "s3a://models/out");

        assertThat(run.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(run.err()).contains("--init s3a:/models/m is no path of this machine");
    }

    @Test
    void droppingImageTokensIsNotTrainedFor() throws Exception {
        Path routing = Files.writeString(
                temp.resolve("dropping.json"),
                """
                {"format": 1, "drop_image_tokens": {"criterion": "attention", "after_layer": 1, "keep": 4}}
                """);
        CliRun run = train(temp.resolve("dropped"), "--steps", "1", "--routing", routing.toString());
        assertThat(run.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(run.err()).contains(routing + ": drops image tokens");
    }

    private static String[] and(String[] options, String... more) {
        return Stream.concat(Stream.of(options), Stream.of(more)).toArray(String[]::new);
    }
}
