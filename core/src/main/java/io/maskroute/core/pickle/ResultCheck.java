package io.maskroute.core.pickle;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Makes sure that a result may be walked as a tree by simple recursion: no cycles, bounded depth, bounded size with shared parts
 * counted wherever they appear. Visits each container once, without recursion.
 */
final class ResultCheck {
    private final PickleInput input;
    private final PickleLimits limits;
    /** Finished containers. */
    private final IdentityHashMap<Object, Extent> extents = new IdentityHashMap<>();

    private record Extent(long values, int depth) {}

    private static final class Visit {
        final Object container;
        final Iterator<?> children;
        long values = 1;
        int depth = 1;

        Visit(Object container) {
            this.container = container;
            this.children = children(container).iterator();
        }
    }

    ResultCheck(PickleInput input, PickleLimits limits) {
        this.input = input;
        this.limits = limits;
    }

    void require(Object root) {
        if (root instanceof Globals.Callable) {
            throw input.error("its value is a name that is never called");
        }
        if (!isContainer(root)) {
            return;
        }
        IdentityHashMap<Object, Boolean> open = new IdentityHashMap<>();
        Deque<Visit> path = new ArrayDeque<>();
        path.push(new Visit(root));
        open.put(root, true);
        while (!path.isEmpty()) {
            Visit visit = path.peek();
            if (!visit.children.hasNext()) {
                path.pop();
                open.remove(visit.container);
                extents.put(visit.container, new Extent(visit.values, visit.depth));
                if (!path.isEmpty()) {
                    add(path.peek(), visit.values, visit.depth);
                }
                continue;
            }
            Object child = visit.children.next();
            Extent known = extents.get(child);
            if (!isContainer(child)) {
                add(visit, 1, 0);
            } else if (known != null) {
                add(visit, known.values, known.depth);
            } else if (open.put(child, true) != null) {
                throw input.error("a container contains itself");
            } else {
                path.push(new Visit(child));
                if (path.size() > limits.depth()) {
                    throw tooDeep();
                }
            }
        }
    }

    private void add(Visit visit, long values, int depth) {
        visit.values += values;
        visit.depth = Math.max(visit.depth, depth + 1);
        if (visit.values > limits.values()) {
            throw input.error("it expands to more than " + limits.values() + " values");
        }
        if (visit.depth > limits.depth()) {
            throw tooDeep();
        }
    }

    private RuntimeException tooDeep() {
        return input.error("containers are nested more than " + limits.depth() + " deep");
    }

    private static boolean isContainer(Object value) {
        return value instanceof List || value instanceof Map;
    }

    private static Collection<?> children(Object container) {
        return container instanceof Map<?, ?> map ? map.values() : (List<?>) container;
    }
}
