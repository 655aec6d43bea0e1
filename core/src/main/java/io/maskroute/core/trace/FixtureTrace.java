package io.maskroute.core.trace;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.model.ForwardTrace;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Runs a golden fixture's inputs through its own weights. */
public final class FixtureTrace {
    /** Which other square a fixture has, its family's tower says. */
    private static final String STRETCHED = "image_siglip";

    private static final String TRUTH = "gt_masks";

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
        ModelConfig config = fixture.model();
        int side = config.imageTokenSide();
        RoutingPlan plan = RoutingPlan.of(schedule, config, side, side);
        try (TensorSource weights = Safetensors.open(folder.resolve("weights.safetensors"));
                TensorSource inputs = Safetensors.open(folder.resolve("inputs.safetensors"));
                PsalmNetwork network = new PsalmNetwork(program, config, weights, dtype, plan, projectors)) {
            ForwardTrace.Input input = input(fixture, inputs);
            Trace trace = Trace.of(network, input);
            return inputs.names().contains(TRUTH) ? trace.with("result.gt", truth(network, inputs, input)) : trace;
        }
    }

    /** PSALM scores regions against masks that it has resized, so that its post-processing has them. */
    private static TracedTensor truth(PsalmNetwork network, TensorSource inputs, ForwardTrace.Input input) {
        long[] stored = inputs.longs(TRUTH);
        byte[] masks = new byte[stored.length];
        for (int i = 0; i < masks.length; i++) {
            masks[i] = (byte) stored[i];
        }
        ImageGeometry picture = input.picture();
        try (TorchScope work = network.scope()) {
            return TracedTensor.of(
                    work,
                    work.run(
                            "trace_truth",
                            work.bytes(masks, inputs.info(TRUTH).shape()),
                            work.ints(picture.contentHeight(), picture.contentWidth()),
                            work.ints(picture.originalHeight(), picture.originalWidth())));
        }
    }

    private static ForwardTrace.Input input(FixtureConfig fixture, TensorSource inputs) {
        long[] padded = inputs.longs("padding_mask");
        int size = fixture.model().image().size();
        int height = 0;
        int width = 0;
        for (int i = 0; i < size; i++) {
            height += padded[i * size] == 0 ? 1 : 0;
            width += padded[i] == 0 ? 1 : 0;
        }
        FixturePrompt prompt = FixturePrompt.of(fixture, inputs);
        return new ForwardTrace.Input(
                inputs.floats("image"),
                inputs.names().contains(STRETCHED) ? inputs.floats(STRETCHED) : new float[0],
                new ImageGeometry(size, height, width, fixture.imageHeight(), fixture.imageWidth()),
                prompt.prompt(),
                prompt.tail());
    }
}
