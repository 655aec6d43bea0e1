package io.maskroute.core.checkpoint;

import static io.maskroute.core.checkpoint.TokenizerFile.shown;

import io.maskroute.core.error.UnusableInputException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a {@code merges.txt} holds: behind a first line that names a version, or without one, a line for each pair of tokens to
 * join, the first to be joined first.
 *
 * @param lines pairs with a space between
 * @param made ids of what they are joined to
 */
record Merges(List<String> lines, BitSet made) {
    /**
     * @param ids of the vocabulary
     * @throws UnusableInputException naming the line that is no pair, or has what the vocabulary has not
     */
    static Merges read(TokenizerFile file, Map<String, Integer> ids) {
        Merges merges = new Merges(new ArrayList<>(), new BitSet());
        Map<Long, Integer> numbers = new HashMap<>();
        String text = file.text().stripTrailing();
        int number = 0;
        for (int start = 0; start < text.length(); ) {
            int end = text.indexOf('\n', start);
            end = end < 0 ? text.length() : end;
            int last = end > start && text.charAt(end - 1) == '\r' ? end - 1 : end;
            String line = text.substring(start, last);
            start = end + 1;
            number++;
            if (number > 1 || !line.startsWith("#version")) {
                long pair = merges.add(file, number, line, ids);
                Integer same = numbers.put(pair, number);
                if (same != null) {
                    throw refusal(file, number, "repeats line " + same);
                }
            }
        }
        return merges;
    }

    /** @return the ids of both tokens, as one number */
    private long add(TokenizerFile file, int number, String line, Map<String, Integer> ids) {
        int space = line.indexOf(' ');
        if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
            throw refusal(file, number, "is " + shown(line) + ", not two tokens with a space between them");
        }
        String left = line.substring(0, space);
        String right = line.substring(space + 1);
        String joined = left + right;
        Integer leftId = ids.get(left);
        Integer rightId = ids.get(right);
        Integer joinedId = ids.get(joined);
        if (leftId == null || rightId == null || joinedId == null) {
            String unknown = leftId == null ? left : rightId == null ? right : joined;
            throw refusal(
                    file,
                    number,
                    "joins " + shown(left) + " and " + shown(right) + ", but vocab.json has no token "
                            + shown(unknown));
        }
        lines.add(line);
        file.requireBounded(lines.size());
        made.set(joinedId);
        return (long) leftId << 32 | rightId;
    }

    private static UnusableInputException refusal(TokenizerFile file, int number, String what) {
        return file.refusal(
                "is damaged or belongs to another vocab.json: line " + number + " " + what + "; fetch both again");
    }
}
