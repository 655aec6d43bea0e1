package io.maskroute.core.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code routing.json} of a routed fixture, which is not the product's own form: {@code llm_weights}, {@code
 * mask_layer_Lm}, {@code stride}, {@code routed_layers} and {@code grid_HW}, beside descriptions that are not read. The
 * projectors ({@code mlp}) are tensors {@code proj.L.U}, {@code .V} and {@code .s} of {@code projectorFile}.
 *
 * @param folder the fixture's folder
 * @param weights safetensors file of the LLM
 * @param projectorFile file of the projectors: {@code inputs.safetensors}, or {@code expected.safetensors} for a shared prefix
 * @param gridHeight rows of image tokens
 * @param gridWidth columns of image tokens
 * @param heads the LLM's sizes that its weights do not show; empty when the file leaves them to another fixture
 * @param sharedPrefix present when several prompts share a prefix
 */
public record RoutedFixture(
        Path folder,
        Path weights,
        Path projectorFile,
        RoutingSchedule schedule,
        int gridHeight,
        int gridWidth,
        Optional<Heads> heads,
        Optional<SharedPrefix> sharedPrefix) {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String FIXTURES = "fixtures/";

    /** Attention heads, and the leading channels of each that are rotated. */
    public record Heads(int heads, int rotaryDim) {}

    /**
     * @param tokens length of the prefix, image tokens included
     * @param imageStart position of the first image token
     * @param prompts names that the prompts' tensors start with
     */
    public record SharedPrefix(int tokens, int imageStart, List<String> prompts) {}

    /** @throws UnusableInputException when the folder does not hold a routed fixture, naming what is missing */
    public static RoutedFixture read(Path folder) {
        Path file = folder.resolve("routing.json");
        Keys keys = new Keys(file, parse(file));
        int stride = keys.integer("stride", 1);
        List<Integer> layers = keys.integers("routed_layers");
        List<Integer> grid = keys.integers("grid_HW");
        if (grid.size() != 2 || grid.contains(0)) {
            throw keys.refused("grid_HW", "two numbers of at least 1");
        }
        Optional<SharedPrefix> sharedPrefix = keys.has("prefix_tokens")
                ? Optional.of(new SharedPrefix(
                        keys.integer("prefix_tokens", 0), keys.integer("image_start", 0), keys.strings("prompts")))
                : Optional.empty();
        Optional<Heads> heads = keys.has("heads")
                ? Optional.of(new Heads(keys.integer("heads", 1), keys.integer("rotary_dim", 0)))
                : Optional.empty();
        Path projectorFile = folder.resolve(sharedPrefix.isPresent() ? "expected.safetensors" : "inputs.safetensors");
        Path weights = weights(folder, keys.string("llm_weights"));
        Map<Integer, Integer> ranks = stride == 1 ? Map.of() : ranks(projectorFile, layers);
        RoutingSchedule schedule = new RoutingSchedule(
                keys.integer("mask_layer_Lm", 0),
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, stride),
                        LayerSelection.of(layers),
                        new Projector(
                                ProjectorKind.MLP,
                                ranks.values().stream().findFirst().orElse(1))),
                overrides(weights, ranks));
        return new RoutedFixture(
                folder, weights, projectorFile, schedule, grid.get(0), grid.get(1), heads, sharedPrefix);
    }

    /** Adapter name to the name in {@link #projectorFile}, for the layers that project. */
    public Map<String, String> projectorTensors() {
        Map<String, String> names = new LinkedHashMap<>();
        for (int layer : schedule.imageTokens().layers().listed()) {
            if (schedule.projects(layer)) {
                names.put(AdapterSpec.scale(layer), "proj." + layer + ".s");
                names.put(AdapterSpec.down(layer), "proj." + layer + ".V");
                names.put(AdapterSpec.up(layer), "proj." + layer + ".U");
            }
        }
        return names;
    }

    private static JsonNode parse(Path file) {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new UnusableInputException(file + ": not valid JSON; copy the fixture again", e);
        } catch (IOException e) {
            throw new UnusableInputException(file + ": cannot be read; give the folder of a routed fixture", e);
        }
    }

    /** The fixtures' own path, {@code fixtures/NAME/...}, is found wherever the fixtures lie. */
    private static Path weights(Path folder, String named) {
        if (!named.startsWith(FIXTURES)) {
            return folder.resolve("weights.safetensors");
        }
        // Without "fixtures/" too: a copy of the folder may have another name.
        String inFixtures = named.substring(FIXTURES.length());
        for (Path above = folder.toAbsolutePath().normalize(); above != null; above = above.getParent()) {
            for (String path : List.of(named, inFixtures)) {
                if (Files.exists(above.resolve(path))) {
                    return above.resolve(path);
                }
            }
        }
        throw new UnusableInputException(folder + ": llm_weights names " + named + ", but no folder above holds "
                + inFixtures + "; put that fixture there");
    }

    /** Rank of each routed layer's projector. */
    private static Map<Integer, Integer> ranks(Path projectorFile, List<Integer> layers) {
        try (Safetensors tensors = Safetensors.open(projectorFile)) {
            Map<Integer, Integer> ranks = new LinkedHashMap<>();
            layers.forEach(layer -> ranks.put(layer, Math.toIntExact(firstDimension(tensors, "proj." + layer + ".V"))));
            return ranks;
        }
    }

    /** One entry per LLM layer where the ranks differ, none where one rank serves all. */
    private static List<LayerOverride> overrides(Path weights, Map<Integer, Integer> ranks) {
        if (ranks.values().stream().distinct().count() < 2) {
            return List.of();
        }
        try (Safetensors tensors = Safetensors.open(weights)) {
            List<LayerOverride> overrides = new ArrayList<>();
            for (int l = 0; tensors.names().contains("model.layers." + l + ".mlp.fc1.weight"); l++) {
                Integer rank = ranks.get(l);
                overrides.add(
                        rank == null
                                ? LayerOverride.NONE
                                : new LayerOverride(null, null, new Projector(ProjectorKind.MLP, rank)));
            }
            return overrides;
        }
    }

    private static long firstDimension(Safetensors tensors, String name) {
        TensorInfo info = tensors.info(name);
        if (info.rank() != 2) {
            throw new UnusableInputException(tensors.origin() + ": " + name + " is " + info + ", not a matrix");
        }
        return info.shape()[0];
    }

    /** The keys of one routing.json, with messages that name it. */
    private record Keys(Path file, JsonNode root) {
        boolean has(String key) {
            return root.has(key);
        }

        int integer(String key, int least) {
            return integer(key, root.path(key), least);
        }

        private int integer(String key, JsonNode node, int least) {
            if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < least) {
                throw refused(key, "a whole number of at least " + least);
            }
            return node.intValue();
        }

        List<Integer> integers(String key) {
            List<Integer> values = new ArrayList<>();
            array(key).forEach(node -> values.add(integer(key, node, 0)));
            return values;
        }

        List<String> strings(String key) {
            List<String> values = new ArrayList<>();
            array(key).forEach(node -> values.add(node.asText()));
            return values;
        }

        String string(String key) {
            if (!root.path(key).isTextual()) {
                throw refused(key, "a text");
            }
            return root.path(key).textValue();
        }

        private JsonNode array(String key) {
            if (!root.path(key).isArray()) {
                throw refused(key, "a list");
            }
            return root.path(key);
        }

        UnusableInputException refused(String key, String wanted) {
            return new UnusableInputException(
                    file + ": " + key + " must be " + wanted + "; give the folder of a routed fixture");
        }
    }
}
