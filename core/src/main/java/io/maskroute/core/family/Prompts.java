package io.maskroute.core.family;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.task.Head;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The texts of a family's prompts, one per head. Placeholders stand for what is not fixed text. */
public interface Prompts {
    /** The grid of image tokens; the first placeholder of every text. */
    String IMAGE = "<image>";

    /** The visual tokens without a place in the picture. */
    String LATENTS = "<latents>";

    /** One thing that is asked for. */
    String CONDITION = "<condition>";

    /** The id of {@code [SEG]}, by itself. */
    String ANSWER = "<answer>";

    /** The mask tokens; what follows them influences nothing. */
    String MASKS = "<seg>";

    /** Labels of the tasks whose prompts the family has. */
    List<String> tasks();

    /**
     * The whole text of a prompt.
     *
     * @param conditions how many it has
     * @throws RowFailure {@code unsupported-task} when the family has no such prompts
     */
    String whole(Head head, int conditions) throws RowFailure;

    /** A condition's words as the family tokenises them. */
    default String words(Head head, String words) {
        return words;
    }

    /** So many conditions, as a list. */
    static String list(int conditions) {
        return String.join(", ", Collections.nCopies(conditions, CONDITION));
    }

    /** A text cut at its placeholders, which stand between the pieces, up to the mask tokens: every piece is tokenised by itself. */
    static List<String> pieces(String whole) {
        String any = Stream.of(IMAGE, LATENTS, CONDITION, ANSWER).collect(Collectors.joining("|"));
        return Arrays.asList(whole.substring(0, whole.indexOf(MASKS)).split("(?<=" + any + ")|(?=" + any + ")"));
    }
}
