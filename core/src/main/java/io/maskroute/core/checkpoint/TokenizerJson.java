package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tokenizer of a model folder in the form of Hugging Face's {@code tokenizers}: the folder's {@code tokenizer.json}, else
 * one made of its {@code vocab.json} and {@code merges.txt} as {@link VocabAndMerges} says. Reading it loads nothing native and
 * writes nothing.
 */
public final class TokenizerJson {
    /** Name of the file that holds all of it. */
    public static final String FILE = "tokenizer.json";

    /** What a folder must have of it, for messages. */
    static final String NEEDED = FILE + ", or " + VocabAndMerges.VOCAB + " and " + VocabAndMerges.MERGES;

    private static final String SEG = "[SEG]";
    static final String END_OF_TEXT = "<|endoftext|>";
    /** Twice the largest in use. */
    private static final long MAX_BYTES = 64L << 20;

    private final String source;
    private final String where;
    private final byte[] json;
    private final Map<String, Integer> ids;

    TokenizerJson(String source, String where, byte[] json, Map<String, Integer> ids) {
        this.source = source;
        this.where = where;
        this.json = json;
        this.ids = ids;
    }

    /**
     * Reads the tokenizer of a model. Whether a {@code tokenizer.json} can be used is for the library to say that uses it.
     *
     * @throws UnusableInputException naming the file that is missing, damaged or too large, or does not belong to the others
     */
    public static TokenizerJson open(Path folder) {
        Path path = folder.resolve(FILE);
        if (!Files.isRegularFile(path)) {
            return VocabAndMerges.read(folder).tokenizer();
        }
        TokenizerFile file = TokenizerFile.read(path, MAX_BYTES);
        Map<String, Integer> ids = file.json(json -> idsOfParts(file, json));
        return new TokenizerJson(FILE, path.toString(), file.bytes(), ids);
    }

    private static Map<String, Integer> idsOfParts(TokenizerFile file, JsonParser json) throws IOException {
        Map<String, Integer> vocabulary = Map.of();
        Map<String, Integer> added = Map.of();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String part = json.currentName();
            JsonToken begin = json.nextToken();
            if (part.equals("model") && begin == JsonToken.START_OBJECT) {
                vocabulary = vocabulary(file, json);
            } else if (part.equals("added_tokens") && begin == JsonToken.START_ARRAY) {
                added = added(file, json);
            } else {
                json.skipChildren();
            }
        }
        Map<String, Integer> ids = new LinkedHashMap<>(vocabulary);
        ids.putAll(added);
        return ids;
    }

    private static Map<String, Integer> vocabulary(TokenizerFile file, JsonParser model) throws IOException {
        Map<String, Integer> ids = Map.of();
        while (model.nextToken() != JsonToken.END_OBJECT) {
            boolean vocabulary = model.currentName().equals("vocab");
            if (model.nextToken() == JsonToken.START_OBJECT && vocabulary) {
                ids = file.ids(model);
            } else {
                model.skipChildren();
            }
        }
        return ids;
    }

    private static Map<String, Integer> added(TokenizerFile file, JsonParser tokens) throws IOException {
        Map<String, Integer> ids = new LinkedHashMap<>();
        while (tokens.nextToken() != JsonToken.END_ARRAY) {
            if (tokens.currentToken() != JsonToken.START_OBJECT) {
                throw file.refusal("has an added token that is no JSON object; fetch it again");
            }
            String content = null;
            Integer id = null;
            while (tokens.nextToken() != JsonToken.END_OBJECT) {
                String field = tokens.currentName();
                JsonToken value = tokens.nextToken();
                if (field.equals("content") && value == JsonToken.VALUE_STRING) {
                    content = tokens.getText();
                } else if (field.equals("id")) {
                    id = file.id(tokens, () -> "an added token");
                } else {
                    tokens.skipChildren();
                }
            }
            if (content == null || id == null) {
                throw file.refusal("has an added token without content or without id; fetch it again");
            }
            ids.put(content, id);
            file.requireBounded(ids.size());
        }
        return ids;
    }

    /** Where it comes from, in a word for users: {@code tokenizer.json} or {@code vocab+merges}. */
    public String source() {
        return source;
    }

    /** Its file or files, for messages. */
    public String where() {
        return where;
    }

    /** A copy of the JSON text, the same bytes for the same files; part of the model's fingerprint. */
    public byte[] json() {
        return json.clone();
    }

    /** Number of tokens, those included that were added to the vocabulary. */
    public int size() {
        return ids.size();
    }

    public OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Takes a walk through all tokens. */
    public Optional<String> token(int id) {
        return ids.entrySet().stream()
                .filter(entry -> entry.getValue() == id)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /**
     * Requires that the special tokens of a model are this tokenizer's: {@code [SEG]} at its id, and {@code <|endoftext|>} at
     * its own if the tokenizer has one.
     *
     * @throws UnusableInputException naming token and ids when it is another model's tokenizer
     */
    public void requireOf(ModelConfig.SpecialTokens model) {
        if (id(SEG).isEmpty()) {
            throw new UnusableInputException(where + " has no token " + SEG + ", which is the model's token "
                    + model.seg() + named(model.seg()) + "; take the tokenizer that belongs to the model");
        }
        requireAt(SEG, model.seg(), "seg");
        if (id(END_OF_TEXT).isPresent()) {
            requireAt(END_OF_TEXT, model.endOfText(), "end_of_text");
        }
    }

    private void requireAt(String token, int expected, String field) {
        int id = ids.get(token);
        if (id != expected) {
            throw new UnusableInputException(where + " has the token " + token + " at " + id + ", but the model's is "
                    + expected + named(expected)
                    + "; take the tokenizer that belongs to the model, or correct maskroute.special_tokens." + field
                    + " in its config.json");
        }
    }

    private String named(int id) {
        return token(id).map(token -> ", here " + TokenizerFile.shown(token)).orElse(", here none");
    }
}
