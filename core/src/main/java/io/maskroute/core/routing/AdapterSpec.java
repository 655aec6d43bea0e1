package io.maskroute.core.routing;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names and shapes of the tensors in {@code routing.safetensors}: those of the layers that project, and no others. */
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

    /** Name to shape, in layer order. */
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
        }
        return shapes;
    }
}
