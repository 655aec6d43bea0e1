package io.maskroute.core.text;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import io.maskroute.core.checkpoint.TokenizerJson;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.files.NativeCache;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.ReferringPrompt;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

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

    private final HuggingFaceTokenizer tokenizer;
    private final ModelConfig config;
    private final int[] prefix;
    private final int[] task;
    private final int[] suffix;
    private final int maxCondition;

    private PromptTokenizer(HuggingFaceTokenizer tokenizer, String where, ModelConfig config, int imageTokens) {
        this.tokenizer = tokenizer;
        this.config = config;
        List<String> pieces = PromptTexts.REFERRING.pieces();
        this.prefix = ids(pieces.get(0));
        this.task = ids(pieces.get(1));
        this.suffix = ids(pieces.get(2));
        // The text after the mask tokens influences nothing that is read: attention is causal.
        int fixed = prefix.length
                + imageTokens
                + task.length
                + suffix.length
                + config.maskDecoder().queries();
        this.maxCondition = config.llm().maxPositions() - fixed;
        int vocab = config.llm().vocab();
        if (!inVocabulary(prefix) || !inVocabulary(task) || !inVocabulary(suffix)) {
            throw new UnusableInputException(where + " has token ids beyond the model's " + vocab
                    + " embeddings; take the tokenizer that belongs to the model");
        }
        if (config.specialTokens().seg() >= vocab) {
            throw new UnusableInputException("the model's [SEG] token "
                    + config.specialTokens().seg() + " is beyond its " + vocab + " embeddings; correct config.json");
        }
        if (maxCondition < 2) {
            throw new UnusableInputException("the model has " + config.llm().maxPositions()
                    + " positions, but a prompt takes " + fixed + " beside its words; correct config.json");
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

    /** Numbers of text tokens that all prompts of one picture share: before and after the image tokens. */
    public record SharedText(int prefix, int task) {
        public int tokens() {
            return prefix + task;
        }
    }

    public SharedText sharedText() {
        return new SharedText(prefix.length, task.length);
    }

    /**
     * @return arrays that other prompts share: not to be changed
     * @throws RowFailure of stage {@code tokenize}; kinds: {@code empty-prompt} (no sentence, or one without words),
     *     {@code malformed-text} (not Unicode), {@code prompt-too-long} (beyond the model's positions),
     *     {@code unknown-token} (an id beyond the model's embeddings)
     */
    public PreparedPrompt prepare(ReferringPrompt prompt) throws RowFailure {
        if (prompt.sentences().isEmpty()) {
            throw failure("empty-prompt", "the prompt has no sentence");
        }
        if (prompt.sentences().stream().anyMatch(ReferringPrompt::isEmpty)) {
            throw failure("empty-prompt", "the prompt has a sentence without words");
        }
        String text = PromptTexts.condition(prompt.sentences());
        if (text.length() / MAX_CHARS_PER_TOKEN > maxCondition) {
            throw failure("prompt-too-long", "the prompt has " + text.length() + " characters");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw failure("malformed-text", "the prompt holds half a surrogate pair, which is no Unicode text");
        }
        int[] words = ids(text);
        int length = words.length + 1;
        if (length > maxCondition) {
            throw failure(
                    "prompt-too-long",
                    "the prompt has " + length + " tokens; the model's positions leave room for " + maxCondition);
        }
        if (!inVocabulary(words)) {
            throw failure("unknown-token", "the prompt has a token beyond the model's embeddings");
        }
        int[] condition = Arrays.copyOf(words, length);
        condition[words.length] = config.specialTokens().seg();
        return new PreparedPrompt(prefix, task, condition, suffix);
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
