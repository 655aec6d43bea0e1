package io.maskroute.core.trace;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.model.ForwardTrace;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Runs a golden fixture's inputs through its own weights. */
public final class FixtureTrace {
    private FixtureTrace() {}

    /**
     * @param folder a whole-model fixture ({@code config.json}, {@code weights}, {@code inputs} and {@code expected.safetensors}) or
     *     a routed one ({@code routing.json})
     * @throws UnusableInputException when it is neither, or of a task that the model does not run
     */
    public static Trace run(TorchProgram program, Path folder, TorchType dtype) {
        if (Files.exists(folder.resolve("config.json"))) {
            return model(program, folder, dtype, RoutingSchedule.dense(), Optional.empty());
        }
        if (Files.exists(folder.resolve("routing.json"))) {
            return RoutedFixtureTrace.run(program, RoutedFixture.read(folder), dtype);
        }
        throw new UnusableInputException(
                folder + ": no fixture (neither config.json nor routing.json); give the folder of one");
    }

    /** A whole-model fixture under any schedule. */
    static Trace model(
            TorchProgram program,
            Path folder,
            TorchType dtype,
            RoutingSchedule schedule,
            Optional<TensorSource> projectors) {
        FixtureConfig fixture = FixtureConfig.read(folder.resolve("config.json"));
        if (!fixture.task().equals("referring")) {
            throw new UnusableInputException(
                    folder + ": task " + fixture.task() + " is not supported; the referring fixtures are");
        }
        ModelConfig config = fixture.model();
        int side = config.imageTokenSide();
        RoutingPlan plan = RoutingPlan.of(schedule, config, side, side);
        try (TensorSource weights = Safetensors.open(folder.resolve("weights.safetensors"));
                TensorSource inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
                PsalmNetwork network = new PsalmNetwork(program, config, weights, dtype, plan, projectors)) {
            return Trace.of(network, input(fixture, inputs));
        }
    }

    private static ForwardTrace.Input input(FixtureConfig fixture, TensorSource inputs) {
        int[] ids = ints(inputs.longs("input_ids"));
        FixtureConfig.Placeholders placeholders = fixture.placeholders();
        int image = position(inputs, ids, placeholders.image());
        int refer = position(inputs, ids, placeholders.refer());
        int seg = position(inputs, ids, placeholders.seg());
        long[] padded = inputs.longs("padding_mask");
        int size = fixture.model().image().size();
        int height = 0;
        int width = 0;
        for (int i = 0; i < size; i++) {
            height += padded[i * size] == 0 ? 1 : 0;
            width += padded[i] == 0 ? 1 : 0;
        }
        return new ForwardTrace.Input(
                inputs.floats("image"),
                Arrays.copyOf(ids, image),
                Arrays.copyOfRange(ids, image + 1, refer),
                ints(inputs.longs("token_refer_id")),
                Arrays.copyOfRange(ids, refer + 1, seg),
                Arrays.copyOfRange(ids, seg + 1, ids.length),
                height,
                width,
                fixture.imageHeight(),
                fixture.imageWidth());
    }

    private static int position(TensorSource inputs, int[] ids, int placeholder) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == placeholder) {
                return i;
            }
        }
        throw new UnusableInputException(inputs.origin() + ": input_ids hold no placeholder " + placeholder);
    }

    private static int[] ints(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }
}
