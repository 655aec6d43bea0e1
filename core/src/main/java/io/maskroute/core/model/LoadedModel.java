package io.maskroute.core.model;

import io.maskroute.core.checkpoint.Fingerprint;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.torchscript.TorchProgram;
import java.nio.file.Path;

/** A model folder with a routing schedule, on its device and ready to run. */
public record LoadedModel(
        TorchProgram program, PsalmNetwork network, PromptTokenizer tokenizer, FlopsModel flops, SegmenterInfo info)
        implements AutoCloseable {

    /**
     * Checks everything that can be checked before the weights are copied.
     *
     * @throws io.maskroute.core.error.UnusableInputException when the folder, its weights, the schedule or the device cannot be used, or
     *     the device's memory does not suffice
     */
    public static LoadedModel open(Path modelFolder, SegmenterOptions options) {
        ModelFolder folder = ModelFolder.open(modelFolder).withRounding(options.weightsRounding());
        ModelConfig config = folder.config()
                .withMinScore(options.minScore().orElse(folder.config().minScore()));
        int side = config.imageTokenSide();
        OpenedParts opened = new OpenedParts();
        try (TensorSource weights = folder.openWeights(options.allowPartial());
                RoutingAdapter adapter = options.routing().isPresent()
                        ? RoutingAdapter.open(options.routing().get(), config)
                        : RoutingAdapter.dense()) {
            RoutingPlan plan = RoutingPlan.of(adapter.schedule(), config, side, side);
            PromptTokenizer tokenizer = opened.add(PromptTokenizer.open(folder.tokenizer(), config, side * side));
            TorchProgram program = opened.add(TorchProgram.load(options.device(), options.tf32()));
            TorchProgram.enterThread(options.threads());
            PsalmNetwork network = opened.add(
                    new PsalmNetwork(program, config, weights, options.dtype().type(), plan, adapter.tensors()));
            FlopsModel flops = FlopsModel.asRun(config, plan, adapter.tensors().isPresent());
            SegmenterInfo info = new SegmenterInfo(
                    Fingerprint.of(folder, weights),
                    adapter.fingerprint(),
                    options.device(),
                    options.dtype().label());
            return new LoadedModel(program, network, tokenizer, flops, info);
        } catch (RuntimeException e) {
            throw opened.closedAfter(e, options.device());
        }
    }

    @Override
    public void close() {
        network.close();
        program.close();
        tokenizer.close();
    }
}
