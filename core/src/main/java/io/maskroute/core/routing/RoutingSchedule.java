package io.maskroute.core.routing;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * How tokens are routed, independent of any model; the package description gives the file form.
 *
 * @param maskTokenLayer the layer whose input the mask tokens join; 0 is the dense model
 * @param imageTokens what holds for every layer
 * @param perLayer empty, or one entry per LLM layer that overrides {@code imageTokens}
 * @param dropping image tokens that the later layers are without; the rest is dense then
 */
public record RoutingSchedule(
        int maskTokenLayer,
        ImageTokens imageTokens,
        List<LayerOverride> perLayer,
        Optional<ImageTokenDropping> dropping) {
    static final int FORMAT = 1;

    public RoutingSchedule {
        perLayer = List.copyOf(perLayer);
    }

    /** A schedule that keeps every token in every layer. */
    public RoutingSchedule(int maskTokenLayer, ImageTokens imageTokens, List<LayerOverride> perLayer) {
        this(maskTokenLayer, imageTokens, perLayer, Optional.empty());
    }

    /** Dense but for the image tokens that are dropped. */
    public static RoutingSchedule dropping(ImageTokenDropping dropping) {
        RoutingSchedule dense = dense();
        return new RoutingSchedule(
                dense.maskTokenLayer(), dense.imageTokens(), dense.perLayer(), Optional.of(dropping));
    }

    /** The identity: every token in every layer, with its own FFN. */
    public static RoutingSchedule dense() {
        return new RoutingSchedule(
                0,
                new ImageTokens(
                        new Proxies(ProxyKind.GRID, 1),
                        LayerSelection.of(List.of()),
                        new Projector(ProjectorKind.LINEAR, 1)),
                List.of());
    }

    /** Whether layer {@code layer} is to be routed. */
    public boolean routed(int layer) {
        Boolean override = override(layer).routed();
        return override == null ? imageTokens.layers().contains(layer) : override;
    }

    public Proxies proxies(int layer) {
        Proxies override = override(layer).proxies();
        return override == null ? imageTokens.proxies() : override;
    }

    public Projector projector(int layer) {
        Projector override = override(layer).projector();
        return override == null ? imageTokens.projector() : override;
    }

    /**
     * Whether image tokens other than the proxies may exist in this layer, so that it needs a projector: it is routed, with a
     * stride above 1.
     */
    public boolean projects(int layer) {
        return routed(layer) && proxies(layer).stride() > 1;
    }

    /** Whether this is a dense run for a model of {@code layers} layers, however it is written. */
    public boolean isDense(int layers) {
        return maskTokenLayer == 0
                && dropping.isEmpty()
                && IntStream.range(0, layers).noneMatch(this::projects);
    }

    private LayerOverride override(int layer) {
        return layer < perLayer.size() ? perLayer.get(layer) : LayerOverride.NONE;
    }

    /**
     * @param layers the layers that are routed
     */
    public record ImageTokens(Proxies proxies, LayerSelection layers, Projector projector) {}

    /**
     * @param stride side of a cell of the image-token grid, at least 1
     */
    public record Proxies(ProxyKind kind, int stride) {}

    /** How proxies are chosen. */
    public enum ProxyKind {
        /** The top left token of each cell of the grid. */
        GRID;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param rank inner width r, at least 1
     * @param deltaRank inner width q of the term {@code J (h - h_proxy)}; 0 without one
     */
    public record Projector(ProjectorKind kind, int rank, int deltaRank) {
        public Projector(ProjectorKind kind, int rank) {
            this(kind, rank, 0);
        }
    }

    /** What turns the proxy's FFN output z into the change of another token of its cell. */
    public enum ProjectorKind {
        /** {@code U V z + s * z}. */
        LINEAR,
        /** {@code U gelu(V z) + s * z}, with the erf GELU. */
        MLP;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param all every layer; {@code listed} is empty then
     * @param listed layers counted from 0, ascending
     */
    public record LayerSelection(boolean all, List<Integer> listed) {
        public static final LayerSelection ALL = new LayerSelection(true, List.of());

        public LayerSelection {
            listed = listed.stream().sorted().toList();
        }

        public static LayerSelection of(List<Integer> layers) {
            return new LayerSelection(false, layers);
        }

        public boolean contains(int layer) {
            return all || listed.contains(layer);
        }
    }

    /** What one layer does differently; a null component leaves what {@link ImageTokens} says. */
    public record LayerOverride(Boolean routed, Proxies proxies, Projector projector) {
        public static final LayerOverride NONE = new LayerOverride(null, null, null);
    }
}
