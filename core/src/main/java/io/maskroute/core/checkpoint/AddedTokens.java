package io.maskroute.core.checkpoint;

import static io.maskroute.core.checkpoint.TokenizerFile.shown;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.UnusableInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The tokens that a folder adds to its {@code vocab.json}, as transformers reads them: those of {@code added_tokens_decoder} in
 * {@code tokenizer_config.json} (since transformers 4.34) and of {@code added_tokens.json}, and the special ones that {@code
 * special_tokens_map.json} and {@code tokenizer_config.json} name. Any of the files may be absent. A special token that has no
 * id anywhere is passed over: it is none of the model's.
 */
final class AddedTokens {
    /** Roles for which transformers' GPT-2 and CodeGen tokenizers take {@code <|endoftext|>} where no file names another. */
    private static final List<String> END_OF_TEXT_UNLESS_NAMED = List.of("bos_token", "eos_token", "unk_token");

    private static final List<String> NONE_UNLESS_NAMED = List.of("sep_token", "pad_token", "cls_token", "mask_token");

    private final Map<String, AddedToken> special = new LinkedHashMap<>();
    private final Map<String, Integer> ids;
    private final String[] vocabulary;
    private final SortedMap<Integer, AddedToken> added = new TreeMap<>();

    private AddedTokens(Map<String, Integer> ids, String[] vocabulary) {
        this.ids = ids;
        this.vocabulary = vocabulary;
    }

    /**
     * @param config the folder's {@code tokenizer_config.json}
     * @param ids of the vocabulary; those of the added tokens are put there
     * @param vocabulary the vocabulary's tokens by id
     * @return by id: those of the vocabulary that are found as a whole, then the others, whose ids go on without a gap
     * @throws UnusableInputException when files do not agree on an id, or ids are left out
     */
    static SortedMap<Integer, AddedToken> read(
            Path folder, TokenizerSettings config, Map<String, Integer> ids, String[] vocabulary) {
        AddedTokens tokens = new AddedTokens(ids, vocabulary);
        tokens.nameSpecial(TokenizerSettings.read(folder.resolve("special_tokens_map.json")), config);
        tokens.addDecoded(config);
        tokens.addPlain(TokenizerSettings.read(folder.resolve("added_tokens.json")));
        tokens.addSpecial();
        tokens.requireNoGap(folder);
        return tokens.added;
    }

    private void nameSpecial(TokenizerSettings names, TokenizerSettings config) {
        for (String role : END_OF_TEXT_UNLESS_NAMED) {
            boolean named = nameSpecial(names, role);
            named |= nameSpecial(config, role);
            if (!named) {
                special.putIfAbsent(TokenizerJson.END_OF_TEXT, AddedToken.of(TokenizerJson.END_OF_TEXT, true));
            }
        }
        for (TokenizerSettings file : List.of(names, config)) {
            NONE_UNLESS_NAMED.forEach(role -> nameSpecial(file, role));
            file.json().path("additional_special_tokens").forEach(token -> nameSpecial(file.path(), token));
        }
    }

    private boolean nameSpecial(TokenizerSettings file, String role) {
        boolean named = file.json().hasNonNull(role);
        if (named) {
            nameSpecial(file.path(), file.json().get(role));
        }
        return named;
    }

    private void nameSpecial(Path file, JsonNode node) {
        AddedToken token = AddedToken.of(file, node, true);
        special.putIfAbsent(token.content(), token);
    }

    private void addDecoded(TokenizerSettings config) {
        config.json().path("added_tokens_decoder").fields().forEachRemaining(entry -> {
            if (!entry.getKey().matches("\\d{1,9}")) {
                throw refusal(
                        config.path(),
                        "has the added_tokens_decoder id " + shown(entry.getKey())
                                + ", expected a whole number from 0; fetch it again");
            }
            AddedToken token = AddedToken.of(config.path(), entry.getValue(), false);
            add(
                    config.path(),
                    Integer.parseInt(entry.getKey()),
                    special.containsKey(token.content()) ? token.asSpecial() : token);
        });
    }

    private void addPlain(TokenizerSettings file) {
        file.json().fields().forEachRemaining(entry -> {
            JsonNode id = entry.getValue();
            if (!id.isInt() || id.intValue() < 0 || entry.getKey().isEmpty()) {
                throw refusal(
                        file.path(),
                        "gives the token " + shown(entry.getKey()) + " the id " + shown(id.toString())
                                + ", expected a text and a whole number from 0; fetch it again");
            }
            add(file.path(), id.intValue(), AddedToken.of(entry.getKey(), special.containsKey(entry.getKey())));
        });
    }

    private void add(Path file, int id, AddedToken token) {
        String content = token.content();
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(content)) {
            throw refusal(file, "adds the token " + shown(content) + ", which is no Unicode text; fetch it again");
        }
        Integer other = ids.putIfAbsent(content, id);
        if (other != null && other != id) {
            throw refusal(
                    file,
                    "gives the token " + shown(content) + " the id " + id + ", but its id is " + other
                            + " already; take files of one model");
        }
        String owner = owner(id);
        if (owner != null && !owner.equals(content)) {
            throw refusal(
                    file,
                    "gives the token " + shown(content) + " the id " + id + ", which is that of " + shown(owner)
                            + " already; take files of one model");
        }
        added.putIfAbsent(id, token);
    }

    private String owner(int id) {
        if (id < vocabulary.length) {
            return vocabulary[id];
        }
        AddedToken owner = added.get(id);
        return owner == null ? null : owner.content();
    }

    private void addSpecial() {
        special.forEach((content, token) -> {
            if (ids.containsKey(content)) {
                added.putIfAbsent(ids.get(content), token);
            }
        });
    }

    /** The tokenizer's library would number on from the vocabulary whatever ids the tokens have. */
    private void requireNoGap(Path folder) {
        int next = vocabulary.length;
        for (Map.Entry<Integer, AddedToken> token : added.tailMap(next).entrySet()) {
            if (token.getKey() != next) {
                throw refusal(
                        folder,
                        "adds the token " + shown(token.getValue().content()) + " as " + token.getKey()
                                + ", but none as " + next + "; take the added_tokens.json of the model");
            }
            next++;
        }
    }

    private static UnusableInputException refusal(Path file, String what) {
        return new UnusableInputException(file + " " + what);
    }
}
