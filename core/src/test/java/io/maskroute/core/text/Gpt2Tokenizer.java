package io.maskroute.core.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.knuddels.jtokkit.api.EncodingRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokenizer.json that PSALM's model folder has: GPT-2's vocabulary (from jtokkit's ranks, which are its token ids), the
 * tokens that CodeGen adds for runs of white space, and the two that PSALM's training adds.
 */
final class Gpt2Tokenizer {
    private static final String RANKS = "r50k_base.tiktoken";
    private static final int END_OF_TEXT = 50256;
    private static final int FIRST_SPACES = 50257;
    private static final int MOST_SPACES = 31;
    private static final int FIRST_TABS = 50287;
    private static final int MOST_TABS = 9;

    private Gpt2Tokenizer() {}

    static void write(Path file) throws IOException {
        Map<String, Integer> ranks = ranks();
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode().put("version", "1.0");
        ArrayNode added = root.putArray("added_tokens");
        add(added, END_OF_TEXT, "<|endoftext|>", true);
        for (int n = MOST_SPACES; n >= 2; n--) {
            add(added, FIRST_SPACES + MOST_SPACES - n, " ".repeat(n), false);
        }
        for (int n = MOST_TABS; n >= 2; n--) {
            add(added, FIRST_TABS + MOST_TABS - n, "\t".repeat(n), false);
        }
        add(added, 50295, "[PAD]", true);
        add(added, 50296, "[SEG]", true);
        ObjectNode split = root.putObject("pre_tokenizer").put("type", "ByteLevel");
        split.put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", true);
        ObjectNode model = root.putObject("model").put("type", "BPE");
        ObjectNode vocab = model.putObject("vocab");
        ArrayNode merges = model.putArray("merges");
        String[] letters = letters();
        String[] byRank = new String[ranks.size()];
        ranks.forEach((bytes, rank) -> byRank[rank] = bytes);
        for (int rank = 0; rank < byRank.length; rank++) {
            vocab.put(spell(byRank[rank], letters), rank);
            if (byRank[rank].length() > 1) {
                List<String> pair = parts(byRank[rank], rank, ranks);
                merges.add(spell(pair.get(0), letters) + " " + spell(pair.get(1), letters));
            }
        }
        mapper.writeValue(file.toFile(), root);
    }

    private static void add(ArrayNode added, int id, String content, boolean special) {
        added.addObject()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", !special)
                .put("special", special);
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

    private static String spell(String bytes, String[] letters) {
        StringBuilder spelled = new StringBuilder();
        bytes.chars().forEach(b -> spelled.append(letters[b]));
        return spelled.toString();
    }

    /** GPT-2's visible letter for every byte: itself where it is visible, else one from 256 upwards. */
    private static String[] letters() {
        String[] letters = new String[256];
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean visible = (b > 32 && b < 127) || (b > 160 && b != 173);
            letters[b] = Character.toString(visible ? b : next++);
        }
        return letters;
    }
}
