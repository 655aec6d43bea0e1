package io.maskroute.datasets.shapesref;

import io.maskroute.datasets.shapesref.Expression.At;
import io.maskroute.datasets.shapesref.Expression.Both;
import io.maskroute.datasets.shapesref.Expression.Except;
import io.maskroute.datasets.shapesref.Expression.Matching;
import io.maskroute.datasets.shapesref.Expression.Nth;
import io.maskroute.datasets.shapesref.Expression.Place;
import io.maskroute.datasets.shapesref.Expression.Related;
import io.maskroute.datasets.shapesref.Expression.Relation;
import io.maskroute.datasets.shapesref.Expression.Side;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds expressions about a picture that mean something clear and need their words. */
final class Questioner {
    private static final int TRIES = 60;
    private static final int RELATION_TRIES = 10;
    /** In the order of {@link Relation}. */
    private static final double[] RELATIONS = {1, 1, 1, 1, 0.8, 0.4, 1, 1};
    /** Of the attributes in the order of {@link #attributes}: shapes take longest to learn. */
    private static final double[] WORDS = {0.12, 0.2, 0.22, 0.46};

    private final Layout layout;
    private final Level level;
    private final Draws draws;
    private final Evaluator evaluator;
    private final Wording wording;
    private final Set<Expression> expressions = new HashSet<>();
    private final Set<String> texts = new HashSet<>();

    Questioner(Layout layout, Level level, Draws draws) {
        this.layout = layout;
        this.level = level;
        this.draws = draws;
        evaluator = new Evaluator(layout);
        wording = new Wording(draws, layout.objects().size());
    }

    /** A question with a text that was not used before, or null when none is found. */
    Question ask(Kind kind) {
        for (int i = 0; i < TRIES; i++) {
            Expression expression = draw(kind);
            // The same in other words is better than nothing: two objects give few expressions.
            if (expression == null || i < TRIES / 2 && expressions.contains(expression)) {
                continue;
            }
            int targets = evaluator.evaluate(expression);
            if (targets == Evaluator.UNCLEAR || !suits(kind, Integer.bitCount(targets))) {
                continue;
            }
            String text = wording.of(expression, Integer.bitCount(targets));
            if (texts.add(text)) {
                expressions.add(expression);
                return new Question(expression, kind, text, targets);
            }
        }
        return null;
    }

    private static boolean suits(Kind kind, int targets) {
        return switch (kind) {
            case PLURAL -> targets > 1;
            case NO_TARGET -> targets == 0;
            default -> targets == 1;
        };
    }

    private Expression draw(Kind kind) {
        if (level == Level.WORDS) {
            return kind == Kind.POSITION ? new At(Filter.ANY, draws.of(Place.values())) : word(kind);
        }
        return switch (kind) {
            case ATTRIBUTE -> attribute();
            case POSITION -> position(ambiguous());
            case RELATION -> relation(kind);
            case ORDINAL -> ordinal();
            case PLURAL -> plural();
            case NO_TARGET -> noTarget();
        };
    }

    /** One attribute: of an object, or of none. */
    private Expression word(Kind kind) {
        Attribute[] all = attributes(draws.below(layout.objects().size()));
        if (kind == Kind.NO_TARGET) {
            all = new Attribute[] {
                draws.of(Size.values()), draws.of(Colour.values()), draws.of(Pattern.values()), draws.of(Shape.values())
            };
        }
        Filter filter = choose(all, 1 << draws.weighted(WORDS));
        return filter == null ? null : new Matching(filter);
    }

    private Expression attribute() {
        if (draws.chance(0.15)) {
            return negated();
        }
        Filter filter = naming(draws.below(layout.objects().size()));
        return filter == null ? null : new Matching(filter);
    }

    /** "The circle that is not blue", where there is a blue circle. */
    private Expression negated() {
        SceneObject target = draws.of(layout.objects());
        SceneObject other = draws.of(layout.objects());
        List<Attribute> kept = new ArrayList<>(2);
        if (draws.chance(0.85)) {
            kept.add(target.shape());
        } else {
            kept.add(target.colour());
        }
        Attribute unwanted = draws.of(List.of(other.colour(), other.pattern(), other.shape()));
        if (unwanted == Pattern.PLAIN || !new Filter(kept, null).fits(other) || unwanted.describes(target)) {
            return null;
        }
        return new Matching(new Filter(kept, unwanted));
    }

    /** Attributes that fit this object alone; mostly no more than are needed. Null when there are none. */
    private Filter naming(int target) {
        Attribute[] all = attributes(target);
        boolean spare = draws.chance(0.2);
        List<Filter> found = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        for (int choice = 1; choice < 1 << all.length; choice++) {
            Filter filter = choose(all, choice);
            if (filter == null || evaluator.matching(filter) != 1 << target) {
                continue;
            }
            boolean minimal = minimal(all, choice, target);
            if (minimal || spare) {
                found.add(filter);
                // "The red thing" is rarer in real expressions than "the red star".
                double named = filter.wanted(Shape.class) == null ? 0.6 : 1;
                weights.add(named * Integer.bitCount(choice) * Integer.bitCount(choice));
            }
        }
        if (found.isEmpty()) {
            return null;
        }
        return found.get(draws.weighted(weights.stream().mapToDouble(w -> w).toArray()));
    }

    private boolean minimal(Attribute[] all, int choice, int target) {
        for (int left = choice; left != 0; left &= left - 1) {
            int fewer = choice & ~Integer.lowestOneBit(left);
            Filter filter = choose(all, fewer);
            if (filter != null && evaluator.matching(filter) == 1 << target) {
                return false;
            }
        }
        return true;
    }

    private Attribute[] attributes(int object) {
        SceneObject o = layout.objects().get(object);
        return new Attribute[] {o.size(), o.colour(), o.pattern(), o.shape()};
    }

    /** Null for an attribute without a name. */
    private static Filter choose(Attribute[] all, int choice) {
        List<Attribute> wanted = new ArrayList<>(all.length);
        for (int i = 0; i < all.length; i++) {
            if ((choice & 1 << i) != 0) {
                if (all[i] == Size.MEDIUM) {
                    return null;
                }
                wanted.add(all[i]);
            }
        }
        return new Filter(wanted, null);
    }

    /** A filter that fits an object and, mostly, others too, so that more words are needed. */
    private Filter ambiguous() {
        Attribute[] all = attributes(draws.below(layout.objects().size()));
        Filter filter =
                switch (draws.weighted(0.45, 0.15, 0.2, 0.08, 0.12)) {
                    case 0 -> Filter.of(all[3]);
                    case 1 -> Filter.of(all[1]);
                    case 2 -> Filter.ANY;
                    case 3 -> Filter.of(all[2]);
                    default -> choose(all, draws.of(0b1010, 0b1100, 0b1001, 0b0011));
                };
        if (filter == null) {
            return null;
        }
        int fitting = evaluator.matching(filter);
        return fitting == Evaluator.UNCLEAR || Integer.bitCount(fitting) < 2 && draws.chance(0.85) ? null : filter;
    }

    private Expression position(Filter filter) {
        if (filter == null) {
            return null;
        }
        Place place = draws.of(Place.values());
        if ((place == Place.LARGEST || place == Place.SMALLEST) && filter.wanted(Size.class) != null) {
            return null;
        }
        return new At(filter, place);
    }

    /** Draws the relation first: most pictures have a nearest object, few have one clearly left of another. */
    private Expression relation(Kind kind) {
        Relation relation = Relation.values()[draws.weighted(RELATIONS)];
        double chain = kind == Kind.RELATION ? level.chains() : 0;
        for (int i = 0; i < RELATION_TRIES; i++) {
            Filter filter = level == Level.RELATIONS && draws.chance(0.5) ? Filter.ANY : ambiguous();
            Expression anchor = filter == null ? null : anchor(chain);
            if (anchor != null) {
                Expression related = new Related(filter, relation, anchor);
                int targets = evaluator.evaluate(related);
                if (targets != Evaluator.UNCLEAR && suits(kind, Integer.bitCount(targets))) {
                    return related;
                }
            }
        }
        return null;
    }

    /** @param chain how likely it is itself described by a relation */
    private Expression anchor(double chain) {
        if (draws.chance(chain)) {
            Expression inner = anchor(0);
            Filter filter = ambiguous();
            if (inner == null || filter == null) {
                return null;
            }
            Expression related = new Related(filter, draws.of(Relation.values()), inner);
            int set = evaluator.evaluate(related);
            return set != Evaluator.UNCLEAR && Integer.bitCount(set) == 1 ? related : null;
        }
        int object = draws.below(layout.objects().size());
        Filter filter = level == Level.RELATIONS && draws.chance(0.7) ? oneWord(object) : naming(object);
        return filter == null ? null : new Matching(filter);
    }

    /** An attribute that no other object has, or null. */
    private Filter oneWord(int object) {
        Filter filter = choose(attributes(object), 1 << draws.below(4));
        return filter == null || evaluator.matching(filter) != 1 << object ? null : filter;
    }

    private Expression ordinal() {
        Filter filter = ambiguous();
        if (filter == null) {
            return null;
        }
        int count = Integer.bitCount(evaluator.matching(filter));
        return count < 3 ? null : new Nth(filter, 2 + draws.below(Math.min(3, count - 1)), draws.of(Side.values()));
    }

    private Expression plural() {
        if (level == Level.RELATIONS) {
            return relation(Kind.PLURAL);
        }
        int all = layout.objects().size();
        switch (draws.weighted(0.5, 0.2, 0.3)) {
            case 0 -> {
                Filter filter = choose(attributes(draws.below(all)), 1 + draws.below(15));
                // Where all objects fit, no word is needed.
                return filter == null || Integer.bitCount(evaluator.matching(filter)) >= all
                        ? null
                        : new Matching(filter);
            }
            case 1 -> {
                Filter filter = choose(attributes(draws.below(all)), draws.of(0b1000, 0b0010, 0b0100, 0b1010));
                return filter == null ? null : new Except(filter);
            }
            default -> {
                if (level == Level.HARD && draws.chance(0.4)) {
                    return relation(Kind.PLURAL);
                }
                int first = draws.below(all);
                int second = draws.below(all);
                Filter one = naming(first);
                Filter other = naming(second);
                return first == second || one == null || other == null
                        ? null
                        : new Both(new Matching(one), new Matching(other));
            }
        }
    }

    private Expression noTarget() {
        if (draws.chance(0.25)) {
            return relation(Kind.NO_TARGET);
        }
        Filter filter = nearMiss();
        if (filter == null) {
            return null;
        }
        if (draws.chance(0.2)) {
            return new At(filter, draws.of(Place.LEFTMOST, Place.RIGHTMOST, Place.TOP_LEFT, Place.BOTTOM_RIGHT));
        }
        return new Matching(filter);
    }

    /** An object's attributes with one of them taken from another object. */
    private Filter nearMiss() {
        Attribute[] all = attributes(draws.below(layout.objects().size()));
        Attribute[] other = attributes(draws.below(layout.objects().size()));
        int swapped = draws.below(all.length);
        all[swapped] = other[swapped];
        int choice = 1 << swapped | 0b1000 | (draws.chance(0.75) ? 0b0010 : draws.below(16));
        return choose(all, choice);
    }
}
