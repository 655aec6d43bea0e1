package io.maskroute.core.routing;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names and shapes of the tensors in {@code routing.safetensors}: those of the layers that project, and no others. A token t
 * with proxy p changes by {@code P(f(h_p)) + b + D E (h_t - h_p)}; b may be left out, D and E are there where the schedule
 * gives a {@code delta_rank}.
 */
public final class AdapterSpec {
    private AdapterSpec() {}

    /** s of layer {@code layer}: {@code [d]}. */
    public static String scale(int layer) {
        return "layers." + layer + ".proj.scale";
    }

    /** V of layer {@code layer}: {@code [r, d]}. */
    public static String down(int layer) {
        return "layers." + layer + ".proj.down.weight";
    }

    /** U of layer {@code layer}: {@code [d, r]}. */
    public static String up(int layer) {
        return "layers." + layer + ".proj.up.weight";
    }

    /** Optional constant term b of layer {@code layer}: {@code [d]}. */
    public static String bias(int layer) {
        return "layers." + layer + ".proj.bias";
    }

    /** E of layer {@code layer}: {@code [q, d]}. */
    public static String deltaDown(int layer) {
        return "layers." + layer + ".proj.delta.down.weight";
    }

    /** D of layer {@code layer}: {@code [d, q]}. */
    public static String deltaUp(int layer) {
        return "layers." + layer + ".proj.delta.up.weight";
    }

    /** What a file may hold beside {@link #expected}: name to shape, in layer order. */
    public static Map<String, List<Long>> optional(RoutingSchedule schedule, ModelConfig.Llm llm) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (int layer = 0; layer < llm.layers(); layer++) {
            if (schedule.projects(layer)) {
                shapes.put(bias(layer), List.of((long) llm.hidden()));
            }
        }
        return shapes;
    }

    /** What a file must hold: name to shape, in layer order. */
    public static Map<String, List<Long>> expected(RoutingSchedule schedule, ModelConfig.Llm llm) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (int layer = 0; layer < llm.layers(); layer++) {
            if (!schedule.projects(layer)) {
                continue;
            }
            Projector projector = schedule.projector(layer);
            long d = llm.hidden();
            long r = projector.rank();
            shapes.put(scale(layer), List.of(d));
            shapes.put(down(layer), List.of(r, d));
            shapes.put(up(layer), List.of(d, r));
            long q = projector.deltaRank();
            if (q > 0) {
                shapes.put(deltaDown(layer), List.of(q, d));
                shapes.put(deltaUp(layer), List.of(d, q));
            }
        }
        return shapes;
    }
}
