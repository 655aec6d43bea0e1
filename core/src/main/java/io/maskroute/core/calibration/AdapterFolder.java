package io.maskroute.core.calibration;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingScheduleWriter;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes what {@link RoutingAdapter} opens. */
public final class AdapterFolder {
    private AdapterFolder() {}

    /**
     * Writes {@code routing.safetensors} (fp32) and then {@code routing.json}, replacing them.
     *
     * @param projectors by layer, one for each layer that the schedule projects in
     */
    public static void write(
            Path folder,
            RoutingSchedule schedule,
            ModelConfig.Llm llm,
            Map<Integer, FittedProjector> projectors,
            Map<String, String> metadata)
            throws IOException {
        Map<String, List<Long>> shapes = new LinkedHashMap<>(AdapterSpec.expected(schedule, llm));
        shapes.putAll(AdapterSpec.optional(schedule, llm));
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> infos.put(
                name,
                TensorInfo.of(
                        DType.F32, shape.stream().mapToLong(Long::longValue).toArray())));
        Path tensors = folder.resolve(RoutingAdapter.TENSORS_FILE);
        // A reader that comes between the two files must not find the old schedule with the new tensors.
        Files.deleteIfExists(folder.resolve(RoutingAdapter.SCHEDULE_FILE));
        Files.deleteIfExists(tensors);
        if (!infos.isEmpty()) {
            try (SafetensorsWriter writer = SafetensorsWriter.create(tensors, infos, metadata)) {
                for (int layer = 0; layer < llm.layers(); layer++) {
                    if (schedule.projects(layer)) {
                        write(
                                writer,
                                layer,
                                projectors.get(layer),
                                schedule.projector(layer).deltaRank() > 0);
                    }
                }
                writer.finish();
            }
        }
        RoutingScheduleWriter.write(schedule, folder.resolve(RoutingAdapter.SCHEDULE_FILE));
    }

    private static void write(SafetensorsWriter writer, int layer, FittedProjector projector, boolean delta)
            throws IOException {
        writer.writeFloats(AdapterSpec.scale(layer), projector.scale());
        writer.writeFloats(AdapterSpec.down(layer), projector.down());
        writer.writeFloats(AdapterSpec.up(layer), projector.up());
        writer.writeFloats(AdapterSpec.bias(layer), projector.bias());
        if (delta) {
            writer.writeFloats(AdapterSpec.deltaDown(layer), projector.deltaDown());
            writer.writeFloats(AdapterSpec.deltaUp(layer), projector.deltaUp());
        }
    }
}
