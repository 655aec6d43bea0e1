package io.maskroute.datasets.shapesref;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The ShapesRef pictures of one split: picture {@code index} is a function of these options and the index alone, the same on
 * every machine and JDK. Immutable; any number of threads may call {@link #scene}.
 *
 * @param seed of the whole dataset
 * @param split its name; splits of different names have nothing in common
 * @param width of the pictures in pixels
 * @param height in pixels
 * @param prompts per picture
 */
public record ShapesRef(long seed, String split, Level level, int width, int height, int prompts)
        implements Serializable {
    /** Smaller pictures have no room for patterns. */
    public static final int SMALLEST_SIDE = 96;

    public static final int LARGEST_SIDE = 2048;
    public static final int DEFAULT_SIDE = 256;
    public static final int DEFAULT_PROMPTS = 8;
    public static final int MOST_PROMPTS = 16;

    private static final Pattern SPLIT = Pattern.compile("[A-Za-z0-9._-]+");
    private static final int TRIES = 12;

    public ShapesRef {
        Objects.requireNonNull(level, "level");
        if (!SPLIT.matcher(split).matches()) {
            throw new IllegalArgumentException(
                    "a split's name must be letters, digits, '.', '_' and '-', not '" + split + "'");
        }
        requireWithin("width", width, SMALLEST_SIDE, LARGEST_SIDE);
        requireWithin("height", height, SMALLEST_SIDE, LARGEST_SIDE);
        requireWithin("prompts", prompts, 1, MOST_PROMPTS);
        if (Math.max(width, height) > 3 * Math.min(width, height)) {
            throw new IllegalArgumentException(
                    "the sides of a picture must be within 1:3, not " + width + "x" + height);
        }
    }

    /** Square pictures of the default size with the default number of prompts. */
    public static ShapesRef of(long seed, String split, Level level) {
        return new ShapesRef(seed, split, level, DEFAULT_SIDE, DEFAULT_SIDE, DEFAULT_PROMPTS);
    }

    /** One picture by its key, as {@link #scene(long)} of a {@code ShapesRef} with the default number of prompts. */
    public static ShapesScene scene(long seed, String split, long index, Level level, int width, int height) {
        return new ShapesRef(seed, split, level, width, height, DEFAULT_PROMPTS).scene(index);
    }

    private static void requireWithin(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " must be between " + least + " and " + most + ", not " + value);
        }
    }

    /** @param index of the picture in its split, from 0 */
    public ShapesScene scene(long index) {
        Draft draft = draft(index);
        byte[] rgb = Painter.paint(draft.layout(), draft.backdrop(), draft.draws());
        return new ShapesScene(
                width,
                height,
                rgb,
                draft.layout().owner(),
                draft.layout().objects(),
                draft.questions().stream().map(Question::prompt).toList());
    }

    /** A picture before it is painted. */
    record Draft(Layout layout, List<Question> questions, Backdrop backdrop, Draws draws) {}

    /** The kinds are drawn first, so that their shares hold; then a picture is sought that can be asked about so. */
    Draft draft(long index) {
        Draws draws = Draws.of(seed, level.label() + "/" + split, index);
        Draws painting = draws.split();
        List<Kind> kinds = kinds(draws);
        int fewest = fewestObjects(kinds);
        int count = fewest + draws.below(level.most() - fewest + 1);
        for (int attempt = 0; ; attempt++) {
            Backdrop backdrop = Backdrop.draw(draws);
            Layout layout = new Composer(draws, level, width, height)
                    .compose(count, backdrop.contrasting(), Painter.margin(width, height));
            List<Question> questions = ask(layout, kinds, attempt >= TRIES, draws);
            if (questions != null) {
                return new Draft(layout, questions, backdrop, painting);
            }
            if (attempt % 3 == 2) {
                count = Math.min(level.most(), count + 1);
            }
        }
    }

    private List<Kind> kinds(Draws draws) {
        Map<Kind, Integer> mix = level.mix();
        double[] weights = new double[Kind.values().length];
        for (Kind kind : Kind.values()) {
            weights[kind.ordinal()] = mix.get(kind);
        }
        List<Kind> kinds = new ArrayList<>(prompts);
        for (int i = 0; i < prompts; i++) {
            kinds.add(Kind.values()[draws.weighted(weights)]);
        }
        return kinds;
    }

    /** Nobody counts two objects. */
    private int fewestObjects(List<Kind> kinds) {
        int fewest = level.fewest();
        if (kinds.contains(Kind.ORDINAL)) {
            fewest = Math.max(fewest, 4);
        } else if (kinds.contains(Kind.RELATION) || kinds.contains(Kind.PLURAL)) {
            fewest = Math.max(fewest, 3);
        }
        return fewest;
    }

    private List<Question> ask(Layout layout, List<Kind> kinds, boolean substitutes, Draws draws) {
        Questioner questioner = new Questioner(layout, level, draws);
        List<Question> questions = new ArrayList<>(kinds.size());
        for (Kind kind : kinds) {
            Question question = questioner.ask(kind);
            if (question == null && substitutes) {
                question = questioner.ask(draws.chance(0.5) ? Kind.ATTRIBUTE : Kind.POSITION);
            }
            if (question == null) {
                return null;
            }
            questions.add(question);
        }
        return questions;
    }
}
