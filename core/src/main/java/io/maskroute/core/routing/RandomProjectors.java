package io.maskroute.core.routing;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.safetensors.RandomTensors;
import java.util.List;
import java.util.Map;

/** Seeded random projectors, so that what a trained adapter costs can be measured without one. */
public final class RandomProjectors {
    private RandomProjectors() {}

    /**
     * The tensors that {@link AdapterSpec} names, around the untrained projector: s near 1, V and U so that U V z is a tenth of
     * the size of z, and the delta term of the same kind.
     */
    public static RandomTensors of(RoutingSchedule schedule, ModelConfig.Llm llm, long seed) {
        Map<String, List<Long>> shapes = AdapterSpec.expected(schedule, llm);
        RandomTensors.Builder tensors = RandomTensors.builder("random projectors, seed " + seed, seed);
        for (int layer = 0; layer < llm.layers(); layer++) {
            if (!schedule.projects(layer)) {
                continue;
            }
            double rank = schedule.projector(layer).rank();
            add(tensors, shapes, AdapterSpec.scale(layer), 1, 0.1);
            add(tensors, shapes, AdapterSpec.down(layer), 0, 1 / Math.sqrt(llm.hidden()));
            add(tensors, shapes, AdapterSpec.up(layer), 0, 0.1 / Math.sqrt(rank));
            double deltaRank = schedule.projector(layer).deltaRank();
            if (deltaRank > 0) {
                add(tensors, shapes, AdapterSpec.deltaDown(layer), 0, 1 / Math.sqrt(llm.hidden()));
                add(tensors, shapes, AdapterSpec.deltaUp(layer), 0, 0.1 / Math.sqrt(deltaRank));
            }
        }
        return tensors.build();
    }

    private static void add(
            RandomTensors.Builder tensors,
            Map<String, List<Long>> shapes,
            String name,
            double centre,
            double deviation) {
        long[] shape = shapes.get(name).stream().mapToLong(Long::longValue).toArray();
        tensors.uniform(name, shape, centre, deviation);
    }
}
