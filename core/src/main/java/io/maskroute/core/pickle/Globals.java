package io.maskroute.core.pickle;

import java.util.List;

/**
 * The closed list of Python names that a pickle may use, each with a Java meaning. What a method refuses by returning null ends
 * the reading with an error that names it.
 */
public interface Globals {
    /** No names at all: lists, dicts, strings and numbers only. */
    Globals NONE = (module, name) -> null;

    /** What a name stands for when the pickle calls it. */
    interface Callable {
        /**
         * @param arguments plain values, and what other callables returned
         * @throws IllegalArgumentException when the arguments are not what this callable takes; becomes an error of the pickle
         */
        Object call(List<?> arguments);
    }

    /** The meaning of {@code module.name}, or null when it is not on the list. */
    Callable global(String module, String name);

    /** The object behind a persistent id, or null when there are none of this kind. */
    default Object persistent(Object id) {
        return null;
    }

    /** True when {@code state} may be attached to (or dropped for) an object that a callable returned. */
    default boolean build(Object instance, Object state) {
        return false;
    }
}
