package io.maskroute.datasets.shapesref;

import java.util.List;

/**
 * @param text a referring expression
 * @param targets the objects it means, by their index in {@link ShapesScene#objects()}, ascending; none if there is no target
 */
public record ShapesPrompt(String text, Kind kind, List<Integer> targets) {
    public ShapesPrompt {
        targets = List.copyOf(targets);
    }
}
