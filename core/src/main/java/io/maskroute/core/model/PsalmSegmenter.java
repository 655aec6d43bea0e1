package io.maskroute.core.model;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.AnswerRule;
import io.maskroute.core.task.Task;
import io.maskroute.core.torchscript.TorchProgram;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A model folder opened for prompts of all tasks. */
public final class PsalmSegmenter implements Segmenter {
    private static final String CPU = "cpu";
    private static final long MOST_ACTIVATIONS = 1L << 30;
    private static final int TYPICAL_TEXT = 50;
    private static final int TYPICAL_PROMPTS = 8;

    private final LoadedModel model;
    private final ImagePreprocessor preprocessor;
    private final ForwardPass pass;
    private final SegmenterOptions options;
    private final Set<Thread> entered = Collections.newSetFromMap(new ConcurrentHashMap<>());
    private volatile int operatorThreads;

    private PsalmSegmenter(LoadedModel model, SegmenterOptions options) {
        this.model = model;
        PsalmNetwork network = model.network();
        this.preprocessor = new ImagePreprocessor(network.config());
        this.pass = new ForwardPass(
                network,
                network.llm(),
                model.flops(),
                options.promptBatch(),
                new AnswerRule(options.union(), network.config().minScore(), options.maxMasks()));
        this.options = options;
        this.operatorThreads = options.threads();
    }

    /**
     * Loads a model onto a device. Costs one pass over the weights for the fingerprint and one to copy them.
     *
     * @throws io.maskroute.core.error.UnusableInputException when the folder, its weights, the schedule or the device cannot be used
     */
    public static PsalmSegmenter open(Path modelFolder, SegmenterOptions options) {
        return new PsalmSegmenter(LoadedModel.open(modelFolder, options), options);
    }

    @Override
    public SegmenterInfo info() {
        return model.info();
    }

    @Override
    public PreparedImage prepare(RgbImage image) {
        return preprocessor.prepare(image);
    }

    @Override
    public PreparedPrompt prepare(Task prompt, PreparedImage image) throws RowFailure {
        return model.tokenizer().prepare(prompt).at(prompt.regions(image.geometry()));
    }

    @Override
    public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
        return prompts.isEmpty()
                ? List.of()
                : segment(List.of(new PicturePrompts(image, prompts))).get(0);
    }

    @Override
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
        enterThread();
        return pass.segment(pictures);
    }

    private void enterThread() {
        if (entered.add(Thread.currentThread())) {
            TorchProgram.enterThread(operatorThreads);
        }
    }

    /**
     * On a CPU small operators gain little from a second core, and pictures side by side gain all of it; but each then holds its own
     * activations.
     */
    @Override
    public int suitableThreads(int cores) {
        PsalmNetwork network = model.network();
        if (!network.device().equals(CPU) || options.threads() > 0) {
            return 1;
        }
        long each = new MemoryModel(network.config(), network.llm().plan(), false, options.dtype())
                .estimate(TYPICAL_TEXT, TYPICAL_TEXT, 1, TYPICAL_PROMPTS)
                .activations();
        return (int) Math.max(1, Math.min(cores, MOST_ACTIVATIONS / each));
    }

    @Override
    public void shareAmong(int threads, int cores) {
        if (threads > 1 && options.threads() == 0) {
            operatorThreads = Math.max(1, cores / threads);
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
