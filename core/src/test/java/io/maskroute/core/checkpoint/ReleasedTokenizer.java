package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.knuddels.jtokkit.api.EncodingRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes the tokenizer's files as PSALM's released folder has them, without a {@code tokenizer.json}: GPT-2's vocabulary and
 * merges (from jtokkit's ranks, which are its token ids), the tokens that CodeGen adds for runs of white space, and the two
 * that PSALM's training adds. The form is that of {@code CodeGenTokenizer.save_pretrained} of transformers.
 */
public final class ReleasedTokenizer {
    /** Number of tokens in all. */
    public static final int SIZE = 50297;

    static final int END_OF_TEXT = 50256;

    private static final String RANKS = "r50k_base.tiktoken";
    private static final int FIRST_SPACES = 50257;
    private static final int MOST_SPACES = 31;
    private static final int FIRST_TABS = 50287;
    private static final int MOST_TABS = 9;
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReleasedTokenizer() {}

    /** Writes {@code vocab.json}, {@code merges.txt}, {@code added_tokens.json} and the two files about special tokens. */
    public static void write(Path folder) throws IOException {
        writeGpt2(folder);
        Files.writeString(folder.resolve("added_tokens.json"), json(added()));
        Files.writeString(
                folder.resolve("special_tokens_map.json"),
                """
                {
                  "bos_token": "<|endoftext|>",
                  "eos_token": "<|endoftext|>",
                  "pad_token": "[PAD]",
                  "unk_token": "<|endoftext|>"
                }
                """);
        Files.writeString(folder.resolve("tokenizer_config.json"), config());
    }

    /** Writes {@code vocab.json} and {@code merges.txt} alone. */
    static void writeGpt2(Path folder) throws IOException {
        Map<String, Integer> ranks = ranks();
        String[] byRank = new String[ranks.size()];
        ranks.forEach((bytes, rank) -> byRank[rank] = bytes);
        // In the order of the tokens, not of their ids.
        Map<String, Integer> vocab = new TreeMap<>(Map.of("<|endoftext|>", END_OF_TEXT));
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        for (int rank = 0; rank < byRank.length; rank++) {
            vocab.put(spell(byRank[rank]), rank);
            if (byRank[rank].length() > 1) {
                List<String> pair = parts(byRank[rank], rank, ranks);
                merges.append(spell(pair.get(0)))
                        .append(' ')
                        .append(spell(pair.get(1)))
                        .append('\n');
            }
        }
        Files.writeString(folder.resolve("vocab.json"), json(vocab));
        Files.writeString(folder.resolve("merges.txt"), merges);
    }

    /** What is added to GPT-2's vocabulary. */
    static Map<String, Integer> added() {
        Map<String, Integer> added = new LinkedHashMap<>();
        added.put("[PAD]", 50295);
        added.put("[SEG]", 50296);
        for (int n = MOST_TABS; n >= 2; n--) {
            added.put("\t".repeat(n), FIRST_TABS + MOST_TABS - n);
        }
        for (int n = 2; n <= MOST_SPACES; n++) {
            added.put(" ".repeat(n), FIRST_SPACES + MOST_SPACES - n);
        }
        return added;
    }

    private static String config() throws IOException {
        Map<Integer, String> decoder = new TreeMap<>(Map.of(END_OF_TEXT, "<|endoftext|>"));
        added().forEach((token, id) -> decoder.put(id, token));
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("add_bos_token", false);
        config.put("add_prefix_space", false);
        Map<String, Object> decoded = new LinkedHashMap<>();
        decoder.forEach((id, token) -> {
            boolean special = id == END_OF_TEXT || token.equals("[PAD]");
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("content", token);
            fields.put("lstrip", false);
            fields.put("normalized", !special);
            fields.put("rstrip", false);
            fields.put("single_word", false);
            fields.put("special", special);
            decoded.put(id.toString(), fields);
        });
        config.put("added_tokens_decoder", decoded);
        config.put("bos_token", "<|endoftext|>");
        config.put("clean_up_tokenization_spaces", true);
        config.put("eos_token", "<|endoftext|>");
        config.put("errors", "replace");
        config.put("model_max_length", 2048);
        config.put("pad_token", "[PAD]");
        config.put("padding_side", "right");
        config.put("tokenizer_class", "CodeGenTokenizer");
        config.put("unk_token", "<|endoftext|>");
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n";
    }

    /** As Python writes it with an indent of 2. */
    private static String json(Map<String, Integer> ids) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            lines.add("  " + JSON.writeValueAsString(entry.getKey()) + ": " + entry.getValue());
        }
        return "{\n" + String.join(",\n", lines) + "\n}\n";
    }

    /** Token bytes (as Latin-1 text) to rank. */
    private static Map<String, Integer> ranks() throws IOException {
        Map<String, Integer> ranks = new HashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                EncodingRegistry.class.getResourceAsStream("/com/knuddels/jtokkit/" + RANKS),
                StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] parts = line.split(" ");
                byte[] token = Base64.getDecoder().decode(parts[0]);
                ranks.put(new String(token, StandardCharsets.ISO_8859_1), Integer.valueOf(parts[1]));
            }
        }
        return ranks;
    }

    /** The two tokens whose merge is this one: what merging by lower ranks alone leaves of its bytes. */
    private static List<String> parts(String token, int rank, Map<String, Integer> ranks) {
        List<String> parts =
                new ArrayList<>(token.chars().mapToObj(Character::toString).toList());
        while (parts.size() > 2) {
            int best = -1;
            int bestRank = rank;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int joined = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), rank);
                if (joined < bestRank) {
                    best = i;
                    bestRank = joined;
                }
            }
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
        return parts;
    }

    private static String spell(String bytes) {
        StringBuilder spelled = new StringBuilder();
        bytes.chars().forEach(b -> spelled.append(ByteLetters.of(b)));
        return spelled.toString();
    }
}
