package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.routing.AdapterSpec;
import io.maskroute.core.routing.FfnRows;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A routing plan on the device: for each layer the gathers of the prefix and the projector, in the form the program's
 * {@code llm_prefix} takes. The gathers depend on how much text stands around the image tokens; each layout is made once.
 */
final class RoutingTensors {
    private final TorchProgram program;
    private final RoutingPlan plan;
    private final TorchScope scope;
    private final IValue[] projectors;
    private final Map<String, IValue> trainable;
    private final boolean trained;
    private final Map<SegmentLayout, Arguments> layouts = new HashMap<>();

    /** The arguments {@code routes}, {@code proxies} and {@code mlp} of {@code llm_prefix}. */
    record Arguments(IValue routes, IValue proxies, IValue mlp) {}

    /**
     * @param scope owns the tensors
     * @param adapter the projectors' tensors; empty for untrained ones, which hand on their proxy's change
     */
    RoutingTensors(
            TorchProgram program, TorchScope scope, RoutingPlan plan, Optional<TensorSource> adapter, TorchType dtype) {
        this.program = program;
        this.plan = plan;
        this.trained = adapter.isPresent();
        this.scope = scope;
        this.projectors = new IValue[plan.layers().size()];
        Optional<WeightLoader> loader = adapter.map(source -> new WeightLoader(program, source));
        for (LayerRouting layer : plan.layers()) {
            IValue projector = scope.dictionary();
            if (loader.isPresent() && layer.projector().isPresent()) {
                loader.get().put(scope, projector, "scale", AdapterSpec.scale(layer.layer()), dtype);
                loader.get().put(scope, projector, "down", AdapterSpec.down(layer.layer()), dtype);
                loader.get().put(scope, projector, "up", AdapterSpec.up(layer.layer()), dtype);
                if (adapter.get().names().contains(AdapterSpec.bias(layer.layer()))) {
                    loader.get().put(scope, projector, "bias", AdapterSpec.bias(layer.layer()), dtype);
                }
                if (layer.projector().get().deltaRank() > 0) {
                    loader.get().put(scope, projector, "delta_down", AdapterSpec.deltaDown(layer.layer()), dtype);
                    loader.get().put(scope, projector, "delta_up", AdapterSpec.deltaUp(layer.layer()), dtype);
                }
            }
            projectors[layer.layer()] = projector;
        }
        trainable = loader.map(WeightLoader::trainable).orElse(Map.of());
    }

    /** The projectors' tensors by name, see {@link WeightLoader#trainable}. */
    Map<String, IValue> trainable() {
        return trainable;
    }

    /** Threads that share a model meet here. */
    synchronized Arguments of(SegmentLayout layout) {
        return layouts.computeIfAbsent(layout, this::make);
    }

    private Arguments make(SegmentLayout layout) {
        List<LayerRouting> layers = plan.layers();
        IValue[] routes = new IValue[layers.size()];
        long[] proxies = new long[layers.size()];
        boolean[] mlp = new boolean[layers.size()];
        for (int i = 0; i < routes.length; i++) {
            FfnRows rows = layers.get(i).rows(layout);
            if (rows.identity()) {
                routes[i] = scope.dictionary();
                continue;
            }
            routes[i] = scope.run(
                    "route",
                    projectors[i],
                    scope.longs(rows.keep(), rows.keep().length),
                    scope.longs(rows.back(), rows.back().length),
                    scope.of(program.device()));
            if (trained && layers.get(i).projector().map(Projector::deltaRank).orElse(0) > 0) {
                scope.run(
                        "follow",
                        routes[i],
                        scope.longs(rows.followers(), rows.followers().length),
                        scope.longs(rows.leaders(), rows.leaders().length),
                        scope.of(program.device()));
            }
            proxies[i] = rows.proxies();
            mlp[i] = layers.get(i).projector().map(Projector::kind).orElse(ProjectorKind.LINEAR) == ProjectorKind.MLP;
        }
        return new Arguments(scope.list(routes), scope.ints(proxies), scope.booleans(mlp));
    }
}
