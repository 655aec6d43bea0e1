package io.maskroute.datasets.shapesref;

import java.lang.management.ManagementFactory;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Times the generator on one thread, by the processor's time: {@code ShapesRefBench [PICTURES]}. Not a test. */
final class ShapesRefBench {
    private ShapesRefBench() {}

    public static void main(String[] arguments) {
        int pictures = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
        for (Level level : Level.values()) {
            ShapesRef shapes = ShapesRef.of(1, "bench", level);
            for (int i = 0; i < pictures; i++) {
                shapes.scene(i);
            }
            Map<Kind, Integer> kinds = new EnumMap<>(Kind.class);
            long drafting = now();
            for (int i = 0; i < pictures; i++) {
                shapes.draft(i).questions().forEach(question -> kinds.merge(question.kind(), 1, Integer::sum));
            }
            long start = now();
            for (int i = 0; i < pictures; i++) {
                shapes.scene(i);
            }
            long end = now();
            double pictureMs = (end - start) / 1e6 / pictures;
            System.out.printf(
                    Locale.ROOT,
                    "%s: %.2f ms a picture, %.2f of them for layout and prompts; %s%n",
                    level.label(),
                    pictureMs,
                    (start - drafting) / 1e6 / pictures,
                    kinds);
        }
    }

    private static long now() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
