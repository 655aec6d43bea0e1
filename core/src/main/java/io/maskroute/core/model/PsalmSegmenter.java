package io.maskroute.core.model;

import io.maskroute.core.checkpoint.Fingerprint;
import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.checkpoint.WeightCoverage;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PreparedImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.ReferringPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.torchscript.TorchProgram;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A model folder opened for referring prompts. */
public final class PsalmSegmenter implements Segmenter {
    private final TorchProgram program;
    private final PsalmNetwork network;
    private final PromptTokenizer tokenizer;
    private final ImagePreprocessor preprocessor;
    private final ReferringPass pass;
    private final SegmenterInfo info;
    private final SegmenterOptions options;
    private Thread inferenceThread;

    private PsalmSegmenter(
            TorchProgram program,
            PsalmNetwork network,
            PromptTokenizer tokenizer,
            FlopsModel flops,
            SegmenterInfo info,
            SegmenterOptions options) {
        this.program = program;
        this.network = network;
        this.tokenizer = tokenizer;
        this.preprocessor = new ImagePreprocessor(network.config().image());
        this.pass = new ReferringPass(network, network.llm(), flops, options.promptBatch());
        this.info = info;
        this.options = options;
    }

    /**
     * Loads a model onto a device. Costs one pass over the weights for the fingerprint and one to copy them.
     *
     * @throws io.maskroute.core.error.UnusableInputException when the folder, its weights, the schedule or the device cannot be used
     */
    public static PsalmSegmenter open(Path modelFolder, SegmenterOptions options) {
        ModelFolder folder = ModelFolder.open(modelFolder);
        ModelConfig config = folder.config();
        int side = config.imageTokenSide();
        List<AutoCloseable> opened = new ArrayList<>();
        try (TensorSource weights = folder.openWeights(options.allowPartial());
                RoutingAdapter adapter = options.routing().isPresent()
                        ? RoutingAdapter.open(options.routing().get(), config)
                        : RoutingAdapter.dense()) {
            List<Parameter> expected = StateDict.expected(config);
            WeightCoverage coverage = WeightCoverage.of(expected, weights);
            coverage.require(options.allowPartial());
            RoutingPlan plan = RoutingPlan.of(adapter.schedule(), config, side, side);
            TorchProgram program = TorchProgram.load(options.device());
            opened.add(program);
            TorchProgram.enterThread(options.threads());
            PromptTokenizer tokenizer = PromptTokenizer.open(folder.tokenizer(), config, side * side);
            opened.add(tokenizer);
            PsalmNetwork network = new PsalmNetwork(
                    program,
                    config,
                    PartialWeights.over(weights, coverage, expected),
                    options.dtype().type(),
                    plan,
                    adapter.tensors());
            return new PsalmSegmenter(
                    program,
                    network,
                    tokenizer,
                    FlopsModel.asRun(config, plan, adapter.tensors().isPresent()),
                    new SegmenterInfo(
                            Fingerprint.of(folder, weights),
                            adapter.fingerprint(),
                            options.device(),
                            options.dtype().label()),
                    options);
        } catch (RuntimeException e) {
            closeQuietly(opened, e);
            throw e;
        }
    }

    private static void closeQuietly(List<AutoCloseable> opened, RuntimeException cause) {
        for (AutoCloseable resource : opened) {
            try {
                resource.close();
            } catch (Exception e) {
                cause.addSuppressed(e);
            }
        }
    }

    @Override
    public SegmenterInfo info() {
        return info;
    }

    @Override
    public PreparedImage prepare(RgbImage image) {
        return preprocessor.prepare(image);
    }

    @Override
    public PreparedPrompt prepare(ReferringPrompt prompt) throws RowFailure {
        return tokenizer.prepare(prompt);
    }

    @Override
    public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
        enterThread();
        return pass.segment(image, prompts);
    }

    private void enterThread() {
        if (Thread.currentThread() != inferenceThread) {
            inferenceThread = Thread.currentThread();
            TorchProgram.enterThread(options.threads());
        }
    }

    @Override
    public void close() {
        network.close();
        tokenizer.close();
        program.close();
    }
}
