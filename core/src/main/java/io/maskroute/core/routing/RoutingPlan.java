package io.maskroute.core.routing;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A schedule resolved against a model and its grid of image tokens. Layers of equal stride share one {@link ProxyGrid}.
 *
 * @param layers one per LLM layer
 */
public record RoutingPlan(
        RoutingSchedule schedule, int gridHeight, int gridWidth, int maskTokenLayer, List<LayerRouting> layers) {

    public RoutingPlan {
        layers = List.copyOf(layers);
    }

    /**
     * @param gridHeight rows of image tokens
     * @param gridWidth columns of image tokens
     * @throws UnusableInputException when the schedule does not fit the model, with the reason
     */
    public static RoutingPlan of(RoutingSchedule schedule, ModelConfig model, int gridHeight, int gridWidth) {
        return of(schedule, model.llm(), gridHeight, gridWidth);
    }

    /** The same for an LLM on its own. */
    public static RoutingPlan of(RoutingSchedule schedule, ModelConfig.Llm llm, int gridHeight, int gridWidth) {
        if (gridHeight < 1 || gridWidth < 1) {
            throw new IllegalArgumentException("image-token grid of " + gridHeight + " x " + gridWidth);
        }
        int imageTokens = Math.multiplyExact(gridHeight, gridWidth);
        checkFits(schedule, llm, "routing schedule");
        checkKept(schedule, imageTokens, "routing schedule");
        Map<Integer, ProxyGrid> grids = new HashMap<>();
        List<LayerRouting> layers = new ArrayList<>();
        for (int layer = 0; layer < llm.layers(); layer++) {
            boolean projects = schedule.projects(layer);
            int stride = projects ? schedule.proxies(layer).stride() : 1;
            ProxyGrid grid = grids.computeIfAbsent(stride, s -> new ProxyGrid(gridHeight, gridWidth, s));
            Optional<Projector> projector = projects ? Optional.of(schedule.projector(layer)) : Optional.empty();
            layers.add(new LayerRouting(layer, layer >= schedule.maskTokenLayer(), projector, grid));
        }
        return new RoutingPlan(schedule, gridHeight, gridWidth, schedule.maskTokenLayer(), layers);
    }

    public LayerRouting layer(int layer) {
        return layers.get(layer);
    }

    public int imageTokens() {
        return gridHeight * gridWidth;
    }

    public Optional<ImageTokenDropping> dropping() {
        return schedule.dropping();
    }

    /** Image tokens that are dropped before this layer; 0 where every token is present. */
    public int dropped(int layer) {
        return dropping()
                .filter(dropping -> layer >= dropping.afterLayer())
                .map(dropping -> imageTokens() - dropping.keep())
                .orElse(0);
    }

    /** Image tokens that get the FFN, averaged over the layers and rounded: what the predictions report. */
    public int meanProxies() {
        return (int) Math.round(layers.stream()
                .mapToInt(layer -> layer.proxies() - dropped(layer.layer()))
                .average()
                .orElseThrow());
    }

    /** Whether every token goes through everything. */
    public boolean isDense() {
        return maskTokenLayer == 0 && dropping().isEmpty() && layers.stream().noneMatch(LayerRouting::routed);
    }

    /**
     * Refuses a schedule that does not fit the model.
     *
     * @param source named in the message
     */
    static void checkFits(RoutingSchedule schedule, ModelConfig.Llm llm, String source) {
        int layers = llm.layers();
        if (schedule.maskTokenLayer() < 0 || schedule.maskTokenLayer() > layers) {
            throw refused(
                    source,
                    "mask_token_layer is %d, but the model has %d layers; choose 0 (dense) to %d (after the last layer)",
                    schedule.maskTokenLayer(),
                    layers,
                    layers);
        }
        checkLayers(schedule.imageTokens().layers().listed(), layers, source);
        if (!schedule.perLayer().isEmpty() && schedule.perLayer().size() != layers) {
            throw refused(
                    source,
                    "per_layer has %d entries, but the model has %d layers; write one entry per layer, null where nothing"
                            + " differs",
                    schedule.perLayer().size(),
                    layers);
        }
        for (int layer = 0; layer < layers; layer++) {
            checkLayer(schedule, layer, llm.hidden(), source);
        }
        schedule.dropping().ifPresent(dropping -> {
            if (dropping.afterLayer() < 1 || dropping.afterLayer() >= layers) {
                throw refused(
                        source,
                        "drop_image_tokens.after_layer is %d, but the model has %d layers; choose 1 to %d",
                        dropping.afterLayer(),
                        layers,
                        layers - 1);
            }
        });
    }

    /**
     * Refuses to keep more image tokens than there are.
     *
     * @param source named in the message
     */
    static void checkKept(RoutingSchedule schedule, int imageTokens, String source) {
        schedule.dropping().ifPresent(dropping -> {
            if (dropping.keep() < 0 || dropping.keep() > imageTokens) {
                throw refused(
                        source,
                        "drop_image_tokens.keep is %d, but a picture has %d image tokens; choose 0 (none) to %d (all)",
                        dropping.keep(),
                        imageTokens,
                        imageTokens);
            }
        });
    }

    private static void checkLayers(List<Integer> listed, int layers, String source) {
        for (int i = 0; i < listed.size(); i++) {
            int layer = listed.get(i);
            if (layer < 0 || layer >= layers) {
                throw refused(
                        source,
                        "image_tokens.layers names layer %d, but the model's layers are 0 to %d; remove it",
                        layer,
                        layers - 1);
            }
            if (i > 0 && listed.get(i - 1) == layer) {
                throw refused(source, "image_tokens.layers names layer %d twice; name each layer once", layer);
            }
        }
    }

    private static void checkLayer(RoutingSchedule schedule, int layer, int hidden, String source) {
        LayerOverride override = schedule.perLayer().isEmpty()
                ? LayerOverride.NONE
                : schedule.perLayer().get(layer);
        if (!schedule.routed(layer)) {
            if (override.proxies() != null || override.projector() != null) {
                throw refused(
                        source,
                        "per_layer[%d] sets proxies or a projector, but layer %d is not routed; add \"routed\": true, or drop"
                                + " them",
                        layer,
                        layer);
            }
            return;
        }
        if (schedule.proxies(layer).stride() < 1) {
            throw refused(
                    source,
                    "the proxy stride of layer %d is %d; choose 1 or more",
                    layer,
                    schedule.proxies(layer).stride());
        }
        int deltaRank = schedule.projector(layer).deltaRank();
        if (deltaRank < 0 || deltaRank > hidden) {
            throw refused(
                    source,
                    "the projector delta_rank of layer %d is %d, but the model is %d wide; choose 0 (none) to %d",
                    layer,
                    deltaRank,
                    hidden,
                    hidden);
        }
        int rank = schedule.projector(layer).rank();
        if (rank < 1 || rank > hidden) {
            throw refused(
                    source,
                    "the projector rank of layer %d is %d, but the model is %d wide; choose 1 to %d",
                    layer,
                    rank,
                    hidden,
                    hidden);
        }
    }

    private static UnusableInputException refused(String source, String reason, Object... arguments) {
        return new UnusableInputException(source + ": " + String.format(reason, arguments));
    }
}
