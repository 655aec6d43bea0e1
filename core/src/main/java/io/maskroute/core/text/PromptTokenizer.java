package io.maskroute.core.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.Families;
import io.maskroute.core.family.Prompts;
import io.maskroute.core.files.NativeCache;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.PreparedPrompt.Span;
import io.maskroute.core.task.Condition;
import io.maskroute.core.task.Head;
import io.maskroute.core.task.Task;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Turns prompts into token ids with a model's own tokenizer. Thread-safe.
 *
 * <p>DJL carries the native library for the CPU in its jar. Where it finds a GPU it would rather download another one; the
 * system property {@code ai.djl.offline=true} (or {@code DJL_OFFLINE}) keeps it to the jar.
 */
public final class PromptTokenizer implements AutoCloseable {
    /** No vocabulary here has longer tokens; keeps absurd texts away from the tokenizer. */
    private static final int MAX_CHARS_PER_TOKEN = 256;

    private static final int MAX_MESSAGE_CHARS = 300;
    /** DJL's name for them. */
    private static final String LIBRARIES = "tokenizers";
    /** About what the library has. */
    private static final int LIBRARY_BYTES = 15_000_000;
    /** A text's own tokens, all of them. */
    private static final Map<String, String> AS_IT_IS =
            Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

    /** A region's embedding is none of the table's. */
    private static final int[] REGION = {0};

    private final HuggingFaceTokenizer tokenizer;
    private final ModelConfig config;
    private final Prompts prompts;
    /** Text tokens that the model's positions leave room for. */
    private final int room;
    /** Token ids of fixed texts. */
    private final Map<String, int[]> fixed = new ConcurrentHashMap<>();

    private final SharedText shared;

    private PromptTokenizer(HuggingFaceTokenizer tokenizer, String where, ModelConfig config, int imageTokens) {
        this.tokenizer = tokenizer;
        this.config = config;
        this.prompts = Families.of(config).prompts();
        List<String> pieces = referring(prompts);
        int[] before = fixed(pieces.get(0));
        int condition = pieces.indexOf(Prompts.CONDITION);
        this.shared = new SharedText(before.length, length(pieces.subList(2, condition)));
        // The text after the mask tokens influences nothing that is read: attention is causal.
        this.room =
                config.llm().maxPositions() - imageTokens - config.maskDecoder().queries();
        int vocab = config.llm().vocab();
        if (!pieces.stream()
                .filter(piece -> !isPlaceholder(piece))
                .map(this::fixed)
                .allMatch(this::inVocabulary)) {
            throw new UnusableInputException(where + " has token ids beyond the model's " + vocab
                    + " embeddings; take the tokenizer that belongs to the model");
        }
        if (config.specialTokens().seg() >= vocab) {
            throw new UnusableInputException("the model's [SEG] token "
                    + config.specialTokens().seg() + " is beyond its " + vocab + " embeddings; correct config.json");
        }
        int words = room - shared.tokens() - length(pieces.subList(condition + 1, pieces.size()));
        if (words < 2) {
            throw new UnusableInputException("the model has " + config.llm().maxPositions()
                    + " positions, but a prompt takes " + (config.llm().maxPositions() - words)
                    + " beside its words; correct config.json");
        }
    }

    /**
     * @param imageTokens the number of image tokens in every sequence
     * @throws UnusableInputException when the tokenizer is broken or does not fit the model, or its library cannot be loaded
     */
    public static PromptTokenizer open(TokenizerJson json, ModelConfig config, int imageTokens) {
        HuggingFaceTokenizer tokenizer = load(json);
        try {
            json.requireOf(config.specialTokens());
            return new PromptTokenizer(tokenizer, json.where(), config, imageTokens);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    static HuggingFaceTokenizer load(TokenizerJson json) {
        loadLibrary();
        try {
            return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.json()), AS_IT_IS);
        } catch (IOException | RuntimeException e) {
            throw new UnusableInputException(json.where() + " is no tokenizer that can be read: " + message(e), e);
        }
    }

    /** By itself, so that what fails here is not put down to a tokenizer's file. */
    private static void loadLibrary() {
        try {
            LibUtils.checkStatus();
        } catch (EngineException | LinkageError e) {
            // DJL only logs why it cannot unpack.
            throw new UnusableInputException(
                    "the native library for tokenizers cannot be loaded: "
                            + NativeCache.failure(LIBRARIES, LIBRARY_BYTES)
                                    .map(why -> NativeCache.cannotBeWritten(LIBRARIES, why))
                                    .orElseGet(() -> message(rootOf(e)) + "; " + NativeCache.unpackedTo(LIBRARIES)),
                    e);
        }
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    private static String message(Throwable e) {
        String line = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
        return line.length() <= MAX_MESSAGE_CHARS ? line : line.substring(0, MAX_MESSAGE_CHARS) + "…";
    }

    private static List<String> referring(Prompts prompts) {
        try {
            return Prompts.pieces(prompts.whole(Head.SEG, 1));
        } catch (RowFailure e) {
            throw new IllegalStateException("every family has referring prompts", e);
        }
    }

    private static boolean isPlaceholder(String piece) {
        return List.of(Prompts.IMAGE, Prompts.LATENTS, Prompts.CONDITION, Prompts.ANSWER)
                .contains(piece);
    }

    /** Tokens of pieces of a prompt, its conditions aside. */
    private int length(List<String> pieces) {
        return pieces.stream()
                .mapToInt(piece -> switch (piece) {
                    case Prompts.CONDITION -> 0;
                    case Prompts.LATENTS -> config.visualTokens().latents();
                    case Prompts.ANSWER -> 1;
                    default -> fixed(piece).length;
                })
                .sum();
    }

    /**
     * Numbers of tokens around the image tokens that all referring prompts share.
     *
     * @param task behind them, the visual tokens without a place in the picture included
     */
    public record SharedText(int prefix, int task) {
        public int tokens() {
            return prefix + task;
        }
    }

    public SharedText sharedText() {
        return shared;
    }

    /**
     * @return arrays that other prompts share: not to be changed; without {@link PreparedPrompt#regions}
     * @throws RowFailure of stage {@code tokenize}; kinds: what {@link Task#conditions} says, {@code unsupported-task} (the model has no such prompts), {@code malformed-text} (not Unicode),
     *     {@code prompt-too-long} (beyond the model's positions), {@code unknown-token} (an id beyond the model's embeddings)
     */
    public PreparedPrompt prepare(Task task) throws RowFailure {
        List<Condition> conditions = task.conditions();
        List<String> pieces = Prompts.pieces(prompts.whole(task.head(), conditions.size()));
        int[] prefix = fixed(pieces.get(0));
        List<String> behind = pieces.subList(2, pieces.size());
        int most = room - prefix.length - length(behind);
        int left = most;
        IntStream.Builder text = IntStream.builder();
        Span latents = new Span(0, 0);
        List<Span> spans = new ArrayList<>();
        int at = 0;
        for (String piece : behind) {
            int[] ids =
                    switch (piece) {
                        case Prompts.CONDITION -> ids(task, conditions.get(spans.size()), most, left);
                        case Prompts.LATENTS -> new int[config.visualTokens().latents()];
                        case Prompts.ANSWER -> new int[] {config.specialTokens().seg()};
                        default -> fixed(piece);
                    };
            Arrays.stream(ids).forEach(text);
            Span span = new Span(at, at + ids.length);
            at = span.end();
            if (piece.equals(Prompts.LATENTS)) {
                latents = span;
            } else if (piece.equals(Prompts.CONDITION)) {
                spans.add(span);
                left -= ids.length;
            }
        }
        int[] all = text.build().toArray();
        if (!inVocabulary(all)) {
            throw failure("unknown-token", "the prompt has a token beyond the model's embeddings");
        }
        return new PreparedPrompt(task, prefix, all, latents, spans, List.of());
    }

    /**
     * @param room tokens that the conditions of a prompt may take together
     * @param left of them
     */
    private int[] ids(Task task, Condition condition, int room, int left) throws RowFailure {
        if (condition.words() == null) {
            if (left < 1) {
                throw failure("prompt-too-long", "the model's positions leave room for " + room + " regions");
            }
            return REGION;
        }
        String text = prompts.words(task.head(), condition.words());
        if (text.length() / MAX_CHARS_PER_TOKEN > room) {
            throw failure("prompt-too-long", "the prompt has " + text.length() + " characters");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw failure("malformed-text", "the prompt holds half a surrogate pair, which is no Unicode text");
        }
        int[] words = ids(text);
        int length = words.length + 1;
        if (length > left) {
            throw failure(
                    "prompt-too-long",
                    "the prompt has " + (room - left + length) + " tokens" + (left < room ? " and more" : "")
                            + "; the model's positions leave room for " + room);
        }
        int[] closed = Arrays.copyOf(words, length);
        closed[words.length] = config.specialTokens().seg();
        return closed;
    }

    /** Not to be changed. */
    private int[] fixed(String text) {
        return fixed.computeIfAbsent(text, this::ids);
    }

    private int[] ids(String text) {
        long[] ids = tokenizer.encode(text).getIds();
        return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }

    private boolean inVocabulary(int[] ids) {
        return Arrays.stream(ids).allMatch(id -> id < config.llm().vocab());
    }

    private static RowFailure failure(String kind, String message) {
        return new RowFailure(Stage.TOKENIZE, kind, message);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
