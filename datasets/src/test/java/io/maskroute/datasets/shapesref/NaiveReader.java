package io.maskroute.datasets.shapesref;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Reads an expression as a person would, from its text and the picture's mask alone, without margins and without the code under
 * test. Objects' attributes are taken as given.
 */
final class NaiveReader {
    private static final List<String> ORDINALS = List.of("first", "second", "third", "fourth");
    private static final Map<String, String> RELATIONS = Map.ofEntries(
            Map.entry("to the left of", "left"),
            Map.entry("left of", "left"),
            Map.entry("to the right of", "right"),
            Map.entry("right of", "right"),
            Map.entry("above", "above"),
            Map.entry("higher than", "above"),
            Map.entry("below", "below"),
            Map.entry("lower than", "below"),
            Map.entry("nearest to", "nearest"),
            Map.entry("closest to", "nearest"),
            Map.entry("farthest from", "farthest"),
            Map.entry("furthest from", "farthest"),
            Map.entry("in front of", "front"),
            Map.entry("partly covering", "front"),
            Map.entry("on top of", "front"),
            Map.entry("behind", "behind"),
            Map.entry("partly covered by", "behind"),
            Map.entry("partly hidden by", "behind"));
    private static final Pattern RELATION = Pattern.compile("(.*?)(?: that (?:is|are))? ("
            + RELATIONS.keySet().stream()
                    .sorted(Comparator.comparingInt(String::length).reversed())
                    .collect(Collectors.joining("|"))
            + ") the (.*)");
    private static final Pattern NTH =
            Pattern.compile("(first|second|third|fourth) (.*) from the (left|right|top|bottom)");
    private static final Pattern NTH_AFTER =
            Pattern.compile("(.*) that is (first|second|third|fourth) from the (left|right|top|bottom)");
    private static final Pattern EXTREME =
            Pattern.compile("(left-?most|right-?most|top-?most|highest|bottom-?most|lowest"
                    + "|largest|biggest|smallest|tiniest) (.*)");
    private static final Pattern REGION = Pattern.compile("(.*) (?:(?:at|in|on) the (?:(top|upper|bottom|lower) )?"
            + "(left|right|top|bottom|half|middle|centre)(?: (?:corner|side))?)");
    private static final Pattern ALL_BUT =
            Pattern.compile("(?:everything|all objects|all shapes|all things) (?:except|but) the (.*)");
    private static final Pattern NOT = Pattern.compile("(.*) that (?:is|are) not (?:a )?(\\w+)");
    private static final Pattern COUNT =
            Pattern.compile("(?:the )?(all the|all|both|every|two|three|four|five|six|seven|eight) (.*)");

    private final ShapesScene scene;
    private final int objects;
    private final double[] x;
    private final double[] y;
    private final int[] area;
    private final boolean[][] touches;

    NaiveReader(ShapesScene scene) {
        this.scene = scene;
        objects = scene.objects().size();
        x = new double[objects];
        y = new double[objects];
        area = new int[objects];
        touches = new boolean[objects][objects];
        int width = scene.width();
        for (int i = 0; i < scene.owner().length; i++) {
            int owner = scene.owner()[i];
            if (owner >= 0) {
                x[owner] += i % width + 0.5;
                y[owner] += i / width + 0.5;
                area[owner]++;
                if (i % width > 0) {
                    touch(owner, scene.owner()[i - 1]);
                }
                if (i >= width) {
                    touch(owner, scene.owner()[i - width]);
                }
            }
        }
        for (int i = 0; i < objects; i++) {
            x[i] /= area[i];
            y[i] /= area[i];
        }
    }

    private void touch(int a, int b) {
        if (b >= 0) {
            touches[a][b] = true;
            touches[b][a] = true;
        }
    }

    /** @return indices, ascending */
    List<Integer> read(String text) {
        return new ArrayList<>(meaning(text));
    }

    private TreeSet<Integer> meaning(String sentence) {
        Matcher matcher = ALL_BUT.matcher(sentence);
        if (matcher.matches()) {
            TreeSet<Integer> left = all();
            left.removeAll(nouns(matcher.group(1)));
            return left;
        }
        String text = sentence.startsWith("the ") ? sentence.substring(4) : sentence;
        int and = text.indexOf(" and the ");
        if (and > 0) {
            TreeSet<Integer> both = meaning(text.substring(0, and));
            both.addAll(meaning(text.substring(and + 5)));
            return both;
        }
        matcher = COUNT.matcher(text);
        if (matcher.matches()) {
            text = matcher.group(2);
        }
        matcher = NTH.matcher(text);
        if (matcher.matches()) {
            return nth(matcher.group(2), ORDINALS.indexOf(matcher.group(1)), matcher.group(3));
        }
        matcher = NTH_AFTER.matcher(text);
        if (matcher.matches()) {
            return nth(matcher.group(1), ORDINALS.indexOf(matcher.group(2)), matcher.group(3));
        }
        matcher = RELATION.matcher(text);
        if (matcher.matches()) {
            TreeSet<Integer> anchors = meaning(matcher.group(3));
            if (anchors.size() != 1) {
                throw new AssertionError("'" + matcher.group(3) + "' means " + anchors);
            }
            return related(nouns(matcher.group(1)), RELATIONS.get(matcher.group(2)), anchors.first());
        }
        matcher = EXTREME.matcher(text);
        if (matcher.matches()) {
            return extreme(nouns(matcher.group(2)), matcher.group(1).replace("-", ""));
        }
        matcher = REGION.matcher(text);
        if (matcher.matches()) {
            return region(nouns(matcher.group(1)), matcher.group(2), matcher.group(3));
        }
        return nouns(text);
    }

    private TreeSet<Integer> all() {
        return IntStream.range(0, objects).boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    private TreeSet<Integer> nouns(String phrase) {
        Matcher not = NOT.matcher(phrase);
        if (not.matches()) {
            TreeSet<Integer> set = nouns(not.group(1));
            set.removeIf(i -> fits(not.group(2), scene.objects().get(i)));
            return set;
        }
        String words = phrase.replace(" with stripes", " striped")
                .replace(" with dots", " dotted")
                .replace(" with a checkered pattern", " checkered");
        TreeSet<Integer> set = all();
        for (String word : words.split(" ")) {
            set.removeIf(i -> !fits(word, scene.objects().get(i)));
        }
        return set;
    }

    private static boolean fits(String word, SceneObject object) {
        return switch (word) {
            case "object", "objects", "thing", "things", "shape", "shapes" -> true;
            case "large", "big" -> object.size() == Size.LARGE;
            case "small", "little" -> object.size() == Size.SMALL;
            default -> {
                String singular = word.equals("crosses")
                        ? "cross"
                        : word.endsWith("s") && !word.equals("cross") ? word.substring(0, word.length() - 1) : word;
                List<String> known = Arrays.asList(
                        object.shape().name(),
                        object.colour().name(),
                        object.pattern().name());
                if (known.contains(singular.toUpperCase(java.util.Locale.ROOT))) {
                    yield true;
                }
                if (!isKnown(singular)) {
                    throw new AssertionError("unknown word '" + word + "'");
                }
                yield false;
            }
        };
    }

    private static boolean isKnown(String word) {
        String name = word.toUpperCase(java.util.Locale.ROOT);
        return Arrays.stream(Shape.values()).anyMatch(s -> s.name().equals(name))
                || Arrays.stream(Colour.values()).anyMatch(c -> c.name().equals(name))
                || Arrays.stream(io.maskroute.datasets.shapesref.Pattern.values())
                        .anyMatch(p -> p.name().equals(name));
    }

    private TreeSet<Integer> nth(String phrase, int index, String from) {
        ToDoubleFunction<Integer> place =
                switch (from) {
                    case "left" -> i -> x[i];
                    case "right" -> i -> -x[i];
                    case "top" -> i -> y[i];
                    default -> i -> -y[i];
                };
        List<Integer> order =
                nouns(phrase).stream().sorted(Comparator.comparingDouble(place)).toList();
        return index < order.size() ? new TreeSet<>(List.of(order.get(index))) : new TreeSet<>();
    }

    private TreeSet<Integer> extreme(TreeSet<Integer> set, String word) {
        ToDoubleFunction<Integer> rank =
                switch (word) {
                    case "leftmost" -> i -> x[i];
                    case "rightmost" -> i -> -x[i];
                    case "topmost", "highest" -> i -> y[i];
                    case "bottommost", "lowest" -> i -> -y[i];
                    case "largest", "biggest" -> i -> -area[i];
                    default -> i -> area[i];
                };
        return set.stream()
                .min(Comparator.comparingDouble(rank))
                .map(i -> new TreeSet<>(List.of(i)))
                .orElseGet(TreeSet::new);
    }

    private TreeSet<Integer> region(TreeSet<Integer> set, String vertical, String where) {
        double width = scene.width();
        double height = scene.height();
        if (where.equals("middle") || where.equals("centre")) {
            set.removeIf(i -> Math.abs(x[i] / width - 0.5) > 0.17 || Math.abs(y[i] / height - 0.5) > 0.17);
            return set;
        }
        String all = vertical + " " + where;
        if (all.contains("left")) {
            set.removeIf(i -> x[i] > 0.45 * width);
        }
        if (all.contains("right")) {
            set.removeIf(i -> x[i] < 0.55 * width);
        }
        if (all.contains("top") || all.contains("upper")) {
            set.removeIf(i -> y[i] > 0.45 * height);
        }
        if (all.contains("bottom") || all.contains("lower")) {
            set.removeIf(i -> y[i] < 0.55 * height);
        }
        return set;
    }

    private TreeSet<Integer> related(TreeSet<Integer> set, String relation, int anchor) {
        set.remove(anchor);
        double clear = 0.045 * Math.max(scene.width(), scene.height());
        switch (relation) {
            case "left" -> set.removeIf(i -> x[i] > x[anchor] - clear);
            case "right" -> set.removeIf(i -> x[i] < x[anchor] + clear);
            case "above" -> set.removeIf(i -> y[i] > y[anchor] - clear);
            case "below" -> set.removeIf(i -> y[i] < y[anchor] + clear);
            case "front" -> set.removeIf(i -> i < anchor || !touches[i][anchor]);
            case "behind" -> set.removeIf(i -> i > anchor || !touches[i][anchor]);
            default -> {
                Comparator<Integer> distance =
                        Comparator.comparingDouble(i -> StrictMath.hypot(x[i] - x[anchor], y[i] - y[anchor]));
                return set.stream()
                        .min(relation.equals("nearest") ? distance : distance.reversed())
                        .map(i -> new TreeSet<>(List.of(i)))
                        .orElseGet(TreeSet::new);
            }
        }
        return set;
    }
}
