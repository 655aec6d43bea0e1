package io.maskroute.core.checkpoint;

import static io.maskroute.core.checkpoint.TokenizerFile.shown;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.maskroute.core.error.UnusableInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;

/**
 * A byte-level BPE tokenizer in GPT-2's files: {@code vocab.json} (token to id), {@code merges.txt} (pairs of tokens, the first
 * to be joined first) and the files of {@link AddedTokens}. It becomes what transformers' {@code GPT2Converter} makes of
 * {@code GPT2Tokenizer} and {@code CodeGenTokenizer}, the tokenizer of Phi.
 *
 * <p>Files that do not belong together are refused, since a text would otherwise be cut in ways the model has never seen: every
 * merge joins tokens of the vocabulary to one of its tokens, and every token of the vocabulary is a byte, made by a merge, or
 * found as a whole.
 */
final class VocabAndMerges {
    static final String VOCAB = "vocab.json";
    static final String MERGES = "merges.txt";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String SOURCE = "vocab+merges";

    private static final Set<String> CLASSES = Set.of("GPT2Tokenizer", "CodeGenTokenizer");
    /** Thirty times GPT-2's. */
    private static final long MAX_BYTES = 32L << 20;

    private final String where;
    private final Map<String, Integer> ids;
    private final String[] tokens;
    private final List<String> merges;
    private final SortedMap<Integer, AddedToken> added;
    private final boolean prefixSpace;

    private VocabAndMerges(
            String where,
            Map<String, Integer> ids,
            String[] tokens,
            List<String> merges,
            SortedMap<Integer, AddedToken> added,
            boolean prefixSpace) {
        this.where = where;
        this.ids = ids;
        this.tokens = tokens;
        this.merges = merges;
        this.added = added;
        this.prefixSpace = prefixSpace;
    }

    /** @throws UnusableInputException naming the file that is missing, damaged, of another kind or of another model */
    static VocabAndMerges read(Path folder) {
        requireBoth(folder);
        TokenizerSettings config = TokenizerSettings.read(folder.resolve(CONFIG));
        requireKnown(config);
        TokenizerFile vocab = TokenizerFile.read(folder.resolve(VOCAB), MAX_BYTES);
        Map<String, Integer> ids = vocab.json(vocab::ids);
        String[] tokens = inOrder(vocab, ids);
        Merges merges = Merges.read(TokenizerFile.read(folder.resolve(MERGES), MAX_BYTES), ids);
        SortedMap<Integer, AddedToken> added = AddedTokens.read(folder, config, ids, tokens);
        requireAllMade(vocab, ids, tokens, merges.made(), added);
        return new VocabAndMerges(
                vocab.path() + " + " + MERGES,
                ids,
                tokens,
                merges.lines(),
                added,
                config.json().path("add_prefix_space").asBoolean());
    }

    private static void requireBoth(Path folder) {
        boolean vocab = Files.isRegularFile(folder.resolve(VOCAB));
        boolean merges = Files.isRegularFile(folder.resolve(MERGES));
        if (!vocab && !merges) {
            throw new UnusableInputException(
                    "model folder " + folder + " has no tokenizer; it needs " + TokenizerJson.NEEDED);
        }
        if (!vocab || !merges) {
            throw new UnusableInputException("model folder " + folder + " has " + (vocab ? VOCAB : MERGES) + " but no "
                    + (vocab ? MERGES : VOCAB) + "; fetch it as well (the tokenizer needs both, or "
                    + TokenizerJson.FILE + " alone)");
        }
    }

    /** Other tokenizers have files of these names and cut texts otherwise. */
    private static void requireKnown(TokenizerSettings config) {
        String found = config.json().path("tokenizer_class").asText("GPT2Tokenizer");
        if (!CLASSES.contains(found.replaceFirst("Fast$", ""))) {
            throw new UnusableInputException(config.path() + ": tokenizer_class " + shown(found)
                    + " cannot be made from "
                    + VOCAB + " and " + MERGES + " here, only GPT2Tokenizer and CodeGenTokenizer can; put the model's "
                    + TokenizerJson.FILE + " into its folder (transformers' save_pretrained writes it)");
        }
    }

    private static String[] inOrder(TokenizerFile vocab, Map<String, Integer> ids) {
        String[] tokens = new String[ids.size()];
        ids.forEach((token, id) -> {
            if (id < tokens.length) {
                if (tokens[id] != null) {
                    throw vocab.refusal("gives the tokens " + shown(tokens[id]) + " and " + shown(token) + " one id, "
                            + id + "; fetch it again");
                }
                tokens[id] = token;
            }
        });
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] == null) {
                throw vocab.refusal(
                        "has " + tokens.length + " tokens, but none with the id " + id + "; fetch it again");
            }
        }
        return tokens;
    }

    private static void requireAllMade(
            TokenizerFile vocab,
            Map<String, Integer> ids,
            String[] tokens,
            BitSet made,
            SortedMap<Integer, AddedToken> added) {
        BitSet reached = (BitSet) made.clone();
        added.keySet().forEach(reached::set);
        for (int b = 0; b < 256; b++) {
            String letter = Character.toString(ByteLetters.of(b));
            if (!ids.containsKey(letter)) {
                throw vocab.refusal("has no token " + shown(letter) + " for the byte " + b
                        + ", as GPT-2's vocabularies do; fetch the file that belongs to the model");
            }
            reached.set(ids.get(letter));
        }
        if (ids.containsKey(TokenizerJson.END_OF_TEXT)) {
            reached.set(ids.get(TokenizerJson.END_OF_TEXT));
        }
        int unmade = reached.nextClearBit(0);
        if (unmade < tokens.length) {
            throw vocab.refusal(
                    "has the token " + shown(tokens[unmade]) + ", which no line of " + MERGES
                            + " makes and no file names as added or special; " + MERGES
                            + " is cut short or of another model, fetch both again (or name the token in special_tokens_map.json)");
        }
    }

    TokenizerJson tokenizer() {
        return new TokenizerJson(SOURCE, where, json(), ids);
    }

    private byte[] json() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("version", "1.0");
            json.writeNullField("truncation");
            json.writeNullField("padding");
            json.writeArrayFieldStart("added_tokens");
            for (Map.Entry<Integer, AddedToken> token : added.entrySet()) {
                token.getValue().write(json, token.getKey());
            }
            json.writeEndArray();
            json.writeNullField("normalizer");
            byteLevel(json, "pre_tokenizer", prefixSpace, true);
            byteLevel(json, "post_processor", true, false);
            byteLevel(json, "decoder", true, true);
            writeModel(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void byteLevel(JsonGenerator json, String part, boolean prefixSpace, boolean trimOffsets)
            throws IOException {
        json.writeObjectFieldStart(part);
        json.writeStringField("type", "ByteLevel");
        json.writeBooleanField("add_prefix_space", prefixSpace);
        json.writeBooleanField("trim_offsets", trimOffsets);
        json.writeBooleanField("use_regex", true);
        json.writeEndObject();
    }

    private void writeModel(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("model");
        json.writeStringField("type", "BPE");
        json.writeNullField("dropout");
        json.writeNullField("unk_token");
        json.writeStringField("continuing_subword_prefix", "");
        json.writeStringField("end_of_word_suffix", "");
        json.writeBooleanField("fuse_unk", false);
        json.writeBooleanField("byte_fallback", false);
        json.writeBooleanField("ignore_merges", false);
        json.writeObjectFieldStart("vocab");
        for (int id = 0; id < tokens.length; id++) {
            json.writeNumberField(tokens[id], id);
        }
        json.writeEndObject();
        json.writeArrayFieldStart("merges");
        for (String merge : merges) {
            json.writeString(merge);
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
