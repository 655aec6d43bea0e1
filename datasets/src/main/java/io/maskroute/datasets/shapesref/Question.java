package io.maskroute.datasets.shapesref;

import java.util.ArrayList;
import java.util.List;

/** @param targets set of objects, see {@link Evaluator} */
record Question(Expression expression, Kind kind, String text, int targets) {
    ShapesPrompt prompt() {
        List<Integer> objects = new ArrayList<>(Integer.bitCount(targets));
        for (int left = targets; left != 0; left &= left - 1) {
            objects.add(Integer.numberOfTrailingZeros(left));
        }
        return new ShapesPrompt(text, kind, objects);
    }
}
