package io.maskroute.datasets.shapesref;

import java.util.List;

/**
 * Which objects a noun phrase fits.
 *
 * @param wanted all of them must describe the object; at most one of each property
 * @param unwanted must not describe it, or null
 */
record Filter(List<Attribute> wanted, Attribute unwanted) {
    static final Filter ANY = new Filter(List.of(), null);

    Filter {
        wanted = List.copyOf(wanted);
    }

    static Filter of(Attribute... wanted) {
        return new Filter(List.of(wanted), null);
    }

    boolean fits(SceneObject object) {
        for (Attribute attribute : wanted) {
            if (!attribute.describes(object)) {
                return false;
            }
        }
        return unwanted == null || !unwanted.describes(object);
    }

    /** Whether people may disagree: a size is asked for, and all else fits an object of no named size. */
    boolean doubtful(SceneObject object) {
        boolean size = false;
        for (Attribute attribute : wanted) {
            if (attribute instanceof Size) {
                size = true;
            } else if (!attribute.describes(object)) {
                return false;
            }
        }
        return size && object.size() == Size.MEDIUM && (unwanted == null || !unwanted.describes(object));
    }

    /** The wanted attribute of a property, or null. */
    <A extends Attribute> A wanted(Class<A> property) {
        for (Attribute attribute : wanted) {
            if (property.isInstance(attribute)) {
                return property.cast(attribute);
            }
        }
        return null;
    }
}
