package io.maskroute.core.routing;

import io.maskroute.core.config.ModelConfig;
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
     * @param tensors by name, among them all that {@link AdapterSpec#expected} asks for; of the others, those of {@link
     *     AdapterSpec#optional} are written too
     */
    public static void write(
            Path folder,
            RoutingSchedule schedule,
            ModelConfig.Llm llm,
            Map<String, float[]> tensors,
            Map<String, String> metadata)
            throws IOException {
        Map<String, List<Long>> shapes = new LinkedHashMap<>(AdapterSpec.expected(schedule, llm));
        AdapterSpec.optional(schedule, llm).forEach((name, shape) -> {
            if (tensors.containsKey(name)) {
                shapes.put(name, shape);
            }
        });
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> infos.put(
                name,
                TensorInfo.of(
                        DType.F32, shape.stream().mapToLong(Long::longValue).toArray())));
        Files.createDirectories(folder);
        Path file = folder.resolve(RoutingAdapter.TENSORS_FILE);
        // A reader that comes between the two files must not find the old schedule with the new tensors.
        Files.deleteIfExists(folder.resolve(RoutingAdapter.SCHEDULE_FILE));
        Files.deleteIfExists(file);
        if (!infos.isEmpty()) {
            try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, metadata)) {
                for (String name : infos.keySet()) {
                    writer.writeFloats(name, tensors.get(name));
                }
                writer.finish();
            }
        }
        RoutingScheduleWriter.write(schedule, folder.resolve(RoutingAdapter.SCHEDULE_FILE));
    }
}
