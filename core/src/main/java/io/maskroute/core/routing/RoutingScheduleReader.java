package io.maskroute.core.routing;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Reads {@code routing.json}. Every fault is an {@link UnusableInputException} that names the file, the key and the remedy. */
public final class RoutingScheduleReader {
    /** Far above any schedule, so that a wrong file is refused before it is read. */
    private static final long MAX_BYTES = 1 << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final String DROPPING = "drop_image_tokens";

    private final String source;

    private RoutingScheduleReader(String source) {
        this.source = source;
    }

    public static RoutingSchedule read(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw new UnusableInputException(file + ": is a folder; give the routing schedule's JSON file");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new UnusableInputException(
                        file + ": larger than " + MAX_BYTES + " bytes, so it is no routing schedule; check the path");
            }
            return parse(Files.readString(file, StandardCharsets.UTF_8), file.toString());
        } catch (NoSuchFileException e) {
            throw new UnusableInputException(file + ": no such routing schedule; check the path", e);
        } catch (IOException e) {
            throw new UnusableInputException(file + ": cannot be read as a routing schedule: " + Reason.of(e), e);
        }
    }

    /**
     * @param json the text of a routing.json
     * @param source named in error messages
     */
    public static RoutingSchedule parse(String json, String source) {
        try {
            return new RoutingScheduleReader(source).schedule(JSON.readTree(json));
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            throw new UnusableInputException(
                    source + ": not valid JSON: " + oneLine(e.getOriginalMessage()) + where + "; correct it", e);
        }
    }

    private RoutingSchedule schedule(JsonNode root) {
        object("the schedule", root, "format", "mask_token_layer", "image_tokens", "per_layer", DROPPING);
        int format = integer("format", required("", root, "format"), 1);
        if (format != RoutingSchedule.FORMAT) {
            throw refused("format", "is " + format + "; this version reads format " + RoutingSchedule.FORMAT);
        }
        if (root.has(DROPPING)) {
            return RoutingSchedule.dropping(dropping(root));
        }
        int maskTokenLayer = integer("mask_token_layer", required("", root, "mask_token_layer"), 0);
        ImageTokens imageTokens = imageTokens(required("", root, "image_tokens"));
        return new RoutingSchedule(maskTokenLayer, imageTokens, perLayer(root.get("per_layer")));
    }

    private ImageTokenDropping dropping(JsonNode root) {
        for (String other : List.of("mask_token_layer", "image_tokens", "per_layer")) {
            if (root.has(other)) {
                throw refused(other, "stands beside " + DROPPING + ", which is run on its own; remove one of the two");
            }
        }
        JsonNode node = root.get(DROPPING);
        object(DROPPING, node, "criterion", "after_layer", "keep", "seed");
        Criterion criterion = choice(
                DROPPING + ".criterion", required(DROPPING, node, "criterion"), Criterion.values(), Criterion::label);
        if (criterion != Criterion.RANDOM && node.has("seed")) {
            throw refused(DROPPING + ".seed", "has no meaning for the criterion " + criterion.label() + "; remove it");
        }
        return new ImageTokenDropping(
                criterion,
                integer(DROPPING + ".after_layer", required(DROPPING, node, "after_layer"), 1),
                integer(DROPPING + ".keep", required(DROPPING, node, "keep"), 0),
                criterion == Criterion.RANDOM ? integer(DROPPING + ".seed", required(DROPPING, node, "seed"), 0) : 0);
    }

    private ImageTokens imageTokens(JsonNode node) {
        String key = "image_tokens";
        object(key, node, "proxies", "layers", "projector");
        return new ImageTokens(
                proxies(key + ".proxies", required(key, node, "proxies")),
                layers(key + ".layers", required(key, node, "layers")),
                projector(key + ".projector", required(key, node, "projector")));
    }

    private Proxies proxies(String key, JsonNode node) {
        object(key, node, "kind", "stride");
        return new Proxies(
                choice(key + ".kind", required(key, node, "kind"), ProxyKind.values(), ProxyKind::label),
                integer(key + ".stride", required(key, node, "stride"), 1));
    }

    private Projector projector(String key, JsonNode node) {
        object(key, node, "kind", "rank", "delta_rank");
        return new Projector(
                choice(key + ".kind", required(key, node, "kind"), ProjectorKind.values(), ProjectorKind::label),
                integer(key + ".rank", required(key, node, "rank"), 1),
                node.has("delta_rank") ? integer(key + ".delta_rank", node.get("delta_rank"), 0) : 0);
    }

    private LayerSelection layers(String key, JsonNode node) {
        if (node.isTextual() && node.textValue().equals("all")) {
            return LayerSelection.ALL;
        }
        if (!node.isArray()) {
            throw refused(key, "is " + shown(node) + "; write \"all\" or a list of layer numbers");
        }
        Set<Integer> layers = new TreeSet<>();
        for (int i = 0; i < node.size(); i++) {
            int layer = integer(key + "[" + i + "]", node.get(i), 0);
            if (!layers.add(layer)) {
                throw refused(key, "names layer " + layer + " twice; name each layer once");
            }
        }
        return LayerSelection.of(List.copyOf(layers));
    }

    private List<LayerOverride> perLayer(JsonNode node) {
        if (node == null || node.isNull()) {
            return List.of();
        }
        if (!node.isArray()) {
            throw refused(
                    "per_layer", "is " + shown(node) + "; write a list with one entry per LLM layer, or leave it out");
        }
        List<LayerOverride> overrides = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            overrides.add(override("per_layer[" + i + "]", node.get(i)));
        }
        return overrides;
    }

    private LayerOverride override(String key, JsonNode node) {
        if (node.isNull()) {
            return LayerOverride.NONE;
        }
        object(key, node, "routed", "proxies", "projector");
        if (node.isEmpty()) {
            throw refused(key, "is empty; write null for a layer without overrides");
        }
        JsonNode routed = node.get("routed");
        if (routed != null && !routed.isBoolean()) {
            throw refused(key + ".routed", "is " + shown(routed) + "; write true or false");
        }
        return new LayerOverride(
                routed == null ? null : routed.booleanValue(),
                node.has("proxies") ? proxies(key + ".proxies", node.get("proxies")) : null,
                node.has("projector") ? projector(key + ".projector", node.get("projector")) : null);
    }

    private void object(String key, JsonNode node, String... known) {
        if (!node.isObject()) {
            throw refused(key, "is " + shown(node) + "; write a JSON object with " + String.join(", ", known));
        }
        node.fieldNames().forEachRemaining(name -> {
            if (!Arrays.asList(known).contains(name)) {
                throw new UnusableInputException(source + ": unknown key " + shown(name) + " in " + key
                        + "; it may hold " + String.join(", ", known));
            }
        });
    }

    private JsonNode required(String parent, JsonNode node, String name) {
        JsonNode value = node.get(name);
        if (value == null) {
            throw new UnusableInputException(
                    source + ": " + (parent.isEmpty() ? "" : parent + ".") + name + " is missing; add it");
        }
        return value;
    }

    private int integer(String key, JsonNode node, int least) {
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < least) {
            throw refused(key, "is " + shown(node) + "; write a whole number of at least " + least);
        }
        return node.intValue();
    }

    private <T> T choice(String key, JsonNode node, T[] values, Function<T, String> label) {
        for (T value : values) {
            if (node.isTextual() && node.textValue().equals(label.apply(value))) {
                return value;
            }
        }
        String known =
                Arrays.stream(values).map(v -> "\"" + label.apply(v) + "\"").collect(Collectors.joining(" or "));
        throw refused(key, "is " + shown(node) + "; write " + known);
    }

    private UnusableInputException refused(String key, String what) {
        return new UnusableInputException(source + ": " + key + " " + what);
    }

    private static String shown(JsonNode node) {
        return shown(node.toString());
    }

    private static String shown(String value) {
        String text = oneLine(value);
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }
}
