package io.maskroute.datasets.shapesref;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** How hard the pictures and expressions are. */
public enum Level {
    /** 4 to 8 objects that do not touch, and one word about them at a time, however many it fits: to learn what words mean. */
    WORDS(4, 8, 0, 9, 8, 0, mix(40, 20, 0, 0, 30, 10)),
    /** 2 to 4 objects that do not touch; attributes and positions; always one target. */
    EASY(2, 4, 0, 5, 5, 0, mix(65, 35, 0, 0, 0, 0)),
    /** 4 to 8 objects, most prompts about two of them or about their order: to learn to look for one thing to find another. */
    RELATIONS(4, 8, 0.3, 6, 8, 0, mix(15, 15, 30, 15, 25, 0)),
    /** 2 to 8 objects, some partly hidden; all kinds. */
    STANDARD(2, 8, 0.3, 4, 4, 0.08, mix(40, 20, 15, 10, 10, 5)),
    /** 6 to 8 objects of few shapes and colours, more of them partly hidden; more relations, ordinals and chains. */
    HARD(6, 8, 0.55, 3, 3, 0.35, mix(20, 15, 30, 15, 12, 8));

    private final int fewest;
    private final int most;
    private final double occlusion;
    private final int shapes;
    private final int colours;
    private final double chains;
    private final Map<Kind, Integer> mix;

    Level(int fewest, int most, double occlusion, int shapes, int colours, double chains, Map<Kind, Integer> mix) {
        this.fewest = fewest;
        this.most = most;
        this.occlusion = occlusion;
        this.shapes = shapes;
        this.colours = colours;
        this.chains = chains;
        this.mix = mix;
    }

    private static Map<Kind, Integer> mix(int... percent) {
        Map<Kind, Integer> mix = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            mix.put(kind, percent[kind.ordinal()]);
        }
        return Map.copyOf(mix);
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Fewest objects in a picture. */
    public int fewest() {
        return fewest;
    }

    /** Most objects in a picture. */
    public int most() {
        return most;
    }

    /** How many percent of the prompts are of each kind, on average. */
    public Map<Kind, Integer> mix() {
        return mix;
    }

    /** How likely an object is laid over another one. */
    double occlusion() {
        return occlusion;
    }

    /** Most different shapes in a picture. */
    int shapes() {
        return shapes;
    }

    /** How likely the other object of a relation is itself described by a relation. */
    double chains() {
        return chains;
    }

    /** Most different colours in a picture. */
    int colours() {
        return colours;
    }
}
