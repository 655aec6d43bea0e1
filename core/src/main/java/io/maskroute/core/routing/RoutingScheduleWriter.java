package io.maskroute.core.routing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes {@code routing.json}. */
public final class RoutingScheduleWriter {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private RoutingScheduleWriter() {}

    /** Writes the schedule, indented, replacing the file. */
    public static void write(RoutingSchedule schedule, Path file) throws IOException {
        Files.writeString(
                file,
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json(schedule)) + System.lineSeparator());
    }

    /**
     * One line without spaces, keys in the order of the package description and layers ascending, so that equal schedules
     * give equal text; fingerprints are taken over it.
     */
    public static String canonical(RoutingSchedule schedule) {
        try {
            return JSON.writeValueAsString(json(schedule));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ObjectNode json(RoutingSchedule schedule) {
        ObjectNode root = object();
        root.put("format", RoutingSchedule.FORMAT);
        if (schedule.dropping().isPresent()) {
            root.set("drop_image_tokens", json(schedule.dropping().get()));
            return root;
        }
        root.put("mask_token_layer", schedule.maskTokenLayer());
        ObjectNode imageTokens = root.putObject("image_tokens");
        imageTokens.set("proxies", json(schedule.imageTokens().proxies()));
        LayerSelection layers = schedule.imageTokens().layers();
        if (layers.all()) {
            imageTokens.put("layers", "all");
        } else {
            ArrayNode listed = imageTokens.putArray("layers");
            layers.listed().forEach(listed::add);
        }
        imageTokens.set("projector", json(schedule.imageTokens().projector()));
        if (!schedule.perLayer().isEmpty()) {
            ArrayNode perLayer = root.putArray("per_layer");
            for (LayerOverride override : schedule.perLayer()) {
                if (override.equals(LayerOverride.NONE)) {
                    perLayer.addNull();
                } else {
                    perLayer.add(json(override));
                }
            }
        }
        return root;
    }

    private static ObjectNode json(ImageTokenDropping dropping) {
        ObjectNode node = object().put("criterion", dropping.criterion().label())
                .put("after_layer", dropping.afterLayer())
                .put("keep", dropping.keep());
        return dropping.criterion() == Criterion.RANDOM ? node.put("seed", dropping.seed()) : node;
    }

    private static ObjectNode json(LayerOverride override) {
        ObjectNode node = object();
        if (override.routed() != null) {
            node.put("routed", override.routed());
        }
        if (override.proxies() != null) {
            node.set("proxies", json(override.proxies()));
        }
        if (override.projector() != null) {
            node.set("projector", json(override.projector()));
        }
        return node;
    }

    private static ObjectNode json(Proxies proxies) {
        return object().put("kind", proxies.kind().label()).put("stride", proxies.stride());
    }

    private static ObjectNode json(Projector projector) {
        ObjectNode node = object().put("kind", projector.kind().label()).put("rank", projector.rank());
        // Left out where it says nothing, so that schedules without it keep their fingerprints.
        return projector.deltaRank() == 0 ? node : node.put("delta_rank", projector.deltaRank());
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }
}
