package io.maskroute.core.calibration;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.routing.FfnRows;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Moments over the followers of one layer and stride, on the program's device; {@code calibration.py} names them. For one thread
 * at a time.
 */
public final class FollowerSums implements AutoCloseable {
    private static final int MATRICES = 5;
    private static final int VECTORS = 4;

    private final TorchProgram program;
    private final TorchScope scope;
    private final IValue sums;

    public FollowerSums(TorchProgram program, int width) {
        this.program = program;
        scope = program.scope();
        sums = scope.run("new_sums", scope.of((long) width), scope.of(program.device()));
    }

    /** Memory of one for a model of width d: five matrices {@code [d, d]} and some vectors in fp64. */
    public static long bytes(int width) {
        return 8L * (MATRICES * (long) width * width + VECTORS * (long) width);
    }

    /**
     * Adds one picture.
     *
     * @param seen what {@code observed_layer} gave
     */
    void add(TorchScope work, IValue seen, SegmentLayout layout, LayerRouting routing) {
        FfnRows rows = routing.rows(layout);
        long[] proxies = Arrays.copyOf(rows.keep(), rows.proxies());
        long[] ordinals = Arrays.stream(rows.followers())
                .map(at -> routing.grid().proxyOf((int) at - layout.leading()))
                .toArray();
        work.run(
                "add_followers",
                sums,
                seen,
                work.of((long) layout.leading()),
                work.of((long) layout.leading() + layout.image()),
                work.longs(proxies, proxies.length),
                work.longs(rows.followers(), ordinals.length),
                work.longs(ordinals, ordinals.length));
    }

    /** The sums by name, matrices row-major. Equally named sums of other pictures may be added element by element. */
    public Map<String, double[]> values() {
        Map<String, double[]> values = new LinkedHashMap<>();
        try (TorchScope work = program.scope()) {
            work.entries(sums).forEach((name, sum) -> values.put(name, work.float64s(sum)));
        }
        return values;
    }

    @Override
    public void close() {
        scope.close();
    }
}
