package io.maskroute.core.calibration;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.flops.ImageFlops;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerOverride;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.SegmentLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** LLM FLOPs of one prompt alone under schedules of one model, by {@link FlopsModel}. */
public final class ScheduleCosts {
    /** The stride of a layer that is not routed. */
    public static final int DENSE = 1;

    private final ModelConfig config;
    private final Projector projector;
    private final SegmentLayout prefix;
    private final int ownText;
    private final long dense;

    /**
     * @param projector of every routed layer
     * @param leading text tokens before the image tokens
     * @param trailing text tokens after them that all prompts share
     * @param ownText text tokens of the prompt's own
     */
    public ScheduleCosts(ModelConfig config, Projector projector, int leading, int trailing, int ownText) {
        int side = config.imageTokenSide();
        this.config = config;
        this.projector = projector;
        this.prefix = new SegmentLayout(leading, side * side, trailing);
        this.ownText = ownText;
        this.dense = of(RoutingSchedule.dense());
    }

    public int layers() {
        return config.llm().layers();
    }

    public long dense() {
        return dense;
    }

    /** With trained projectors. */
    public long of(RoutingSchedule schedule) {
        int side = config.imageTokenSide();
        ImageFlops flops = FlopsModel.asRun(config, RoutingPlan.of(schedule, config, side, side), true)
                .image(prefix, ownText);
        return flops.prompts().get(0).alone().total();
    }

    /** @param strides per layer, {@link #DENSE} where it is not routed */
    public RoutingSchedule schedule(int maskTokenLayer, List<Integer> strides) {
        int common = mostFrequent(strides);
        List<LayerOverride> overrides = new ArrayList<>();
        for (int stride : strides) {
            if (stride == DENSE) {
                overrides.add(new LayerOverride(false, null, null));
            } else if (stride == common) {
                overrides.add(LayerOverride.NONE);
            } else {
                overrides.add(new LayerOverride(null, new Proxies(ProxyKind.GRID, stride), null));
            }
        }
        return new RoutingSchedule(
                maskTokenLayer,
                new ImageTokens(new Proxies(ProxyKind.GRID, common), LayerSelection.ALL, projector),
                overrides);
    }

    private static int mostFrequent(List<Integer> strides) {
        Map<Integer, Integer> counts = new TreeMap<>();
        strides.stream().filter(stride -> stride != DENSE).forEach(stride -> counts.merge(stride, 1, Integer::sum));
        return counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(DENSE);
    }
}
