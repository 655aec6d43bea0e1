package io.maskroute.core.training;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.flops.FlopsModel;
import io.maskroute.core.model.AttentionRows;
import io.maskroute.core.model.EncodedPictures;
import io.maskroute.core.model.ForwardPass;
import io.maskroute.core.model.MaskDecoder;
import io.maskroute.core.model.OpenedParts;
import io.maskroute.core.model.PromptBatch;
import io.maskroute.core.model.PromptBridge;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.model.RoutedLlm;
import io.maskroute.core.model.SharedPrefix;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.safetensors.TensorSource;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model in training, in fp32: its weights, AdamW's moments, and the moving average of the weights, which is what the trained model
 * will be. The forward pass is that of inference. All on the thread that opened it.
 */
public final class Trainer implements AutoCloseable {
    /** What gradient descent changes. */
    public enum Trainable {
        /** The model and, in a routed one, the adapter's projectors. */
        ALL,
        /** The projectors alone: the checkpoint stays as it is. */
        ADAPTER
    }

    private final TorchProgram program;
    private final ModelConfig config;
    private final PsalmNetwork network;
    private final TrainingSettings settings;
    private final ForwardPass pass;
    private final TorchScope scope;
    private final Map<String, IValue> tensors = new LinkedHashMap<>();
    private final Weights weights;
    private final Map<Integer, RoutedLlm> joining = new HashMap<>();
    private long steps;

    /** Lists of the same tensors in the same order: the weights, AdamW's moments, the moving average. */
    private record Weights(IValue current, IValue first, IValue second, IValue average) {}

    private Trainer(
            TorchProgram program,
            ModelConfig config,
            PsalmNetwork network,
            RoutingPlan plan,
            boolean adapter,
            Trainable trainable,
            TrainingSettings settings) {
        this.program = program;
        this.config = config;
        this.network = network;
        this.settings = settings;
        this.pass = new ForwardPass(network, network.llm(), FlopsModel.asRun(config, plan, adapter), 64);
        this.scope = program.scope();
        this.weights = scope.building(() -> weights(trainable));
    }

    private Weights weights(Trainable trainable) {
        if (trainable == Trainable.ALL) {
            tensors.putAll(network.trainable());
        } else {
            network.trainable().values().forEach(tensor -> scope.run("freeze", tensor));
        }
        tensors.putAll(network.llm().trainableAdapter());
        if (tensors.isEmpty()) {
            throw new IllegalArgumentException("nothing to train: there is no adapter with projectors");
        }
        IValue current = scope.list(tensors.values().toArray(IValue[]::new));
        return new Weights(current, like(current, true), like(current, true), like(current, false));
    }

    /**
     * @param source the weights to begin with
     * @param plan how the model is routed in training; the identity for a dense model
     * @param adapter the projectors to begin with, if the plan has any
     * @param device {@code cpu} or {@code cuda:N}
     * @param threads that one operator may use; 0 leaves PyTorch's choice
     * @throws io.maskroute.core.error.UnusableInputException when there is no such device or its memory does not suffice, or a weight
     *     cannot be read
     */
    public static Trainer open(
            ModelConfig config,
            TensorSource source,
            RoutingPlan plan,
            Optional<TensorSource> adapter,
            Trainable trainable,
            String device,
            int threads,
            TrainingSettings settings) {
        OpenedParts opened = new OpenedParts();
        try {
            TorchProgram program = opened.add(TorchProgram.loadForTraining(device));
            TorchProgram.enterTrainingThread(threads);
            PsalmNetwork network =
                    opened.add(new PsalmNetwork(program, config, source, TorchType.FLOAT32, plan, adapter));
            return new Trainer(program, config, network, plan, adapter.isPresent(), trainable, settings);
        } catch (RuntimeException e) {
            throw opened.closedAfter(e, device);
        }
    }

    private IValue like(IValue tensors, boolean zero) {
        return scope.run("like", tensors, scope.of(zero));
    }

    /** One step of gradient descent. */
    public StepResult step(List<TrainingPicture> batch, double learningRate) {
        return step(batch, learningRate, maskTokenLayer());
    }

    /** The layer of the LLM at which the plan has the mask tokens join. */
    public int maskTokenLayer() {
        return network.llm().plan().maskTokenLayer();
    }

    /** One step in which the mask tokens join at this layer of the LLM instead of the plan's. */
    public StepResult step(List<TrainingPicture> batch, double learningRate, int maskTokenLayer) {
        RoutedLlm llm = joining(maskTokenLayer);
        try (TorchScope work = program.scope()) {
            float[] losses = work.floats(gradients(work, batch, llm));
            steps++;
            IValue norm = work.run(
                    "adamw",
                    weights.current(),
                    weights.first(),
                    weights.second(),
                    weights.average(),
                    work.doubles(settings.optimiser(learningRate)),
                    work.of(steps));
            return new StepResult(
                    losses[0],
                    losses[1],
                    losses[2],
                    losses[3],
                    losses[4],
                    losses[5],
                    losses[6],
                    losses[7],
                    work.floats(norm)[0]);
        }
    }

    /** The LLM for the prompts; the prefix, which has no mask tokens, is always the plan's. */
    private RoutedLlm joining(int maskTokenLayer) {
        RoutingPlan plan = network.llm().plan();
        if (maskTokenLayer == maskTokenLayer()) {
            return network.llm();
        }
        return joining.computeIfAbsent(maskTokenLayer, layer -> {
            RoutingSchedule schedule =
                    new RoutingSchedule(layer, RoutingSchedule.dense().imageTokens(), List.of());
            return network.llm()
                    .withPlan(RoutingPlan.of(schedule, config, plan.gridHeight(), plan.gridWidth()), Optional.empty());
        });
    }

    private IValue gradients(TorchScope work, List<TrainingPicture> batch, RoutedLlm llm) {
        TorchProgram.recordGradients(true);
        try {
            List<IValue> losses = new ArrayList<>();
            int prompts = forward(work, batch, llm, losses);
            return work.run("backward", work.list(losses.toArray(IValue[]::new)), work.of((long) prompts));
        } finally {
            TorchProgram.recordGradients(false);
        }
    }

    /** Adds each picture's losses, and gives the number of prompts. */
    private int forward(TorchScope work, List<TrainingPicture> batch, RoutedLlm llm, List<IValue> losses) {
        List<PicturePrompts> pictures =
                batch.stream().map(TrainingPicture::picture).toList();
        List<PreparedPrompt> prompts =
                pictures.stream().flatMap(picture -> picture.prompts().stream()).toList();
        long[] pictureOf = new long[prompts.size()];
        int[] ends = new int[pictures.size()];
        int at = 0;
        for (int i = 0; i < ends.length; i++) {
            for (int p = 0; p < pictures.get(i).prompts().size(); p++) {
                pictureOf[at++] = i;
            }
            ends[i] = at;
        }
        IValue noTaps = network.noTaps();
        EncodedPictures encoded = EncodedPictures.of(
                network.vision(),
                work,
                network.vision()
                        .normalize(
                                work,
                                pictures.stream().map(PicturePrompts::image).toList()),
                noTaps);
        MaskDecoder decoder = network.decoder();
        PromptBridge bridge = network.bridge();
        SharedPrefix prefix = SharedPrefix.of(prompts);
        PromptBatch together = new PromptBatch(prompts, prefix.after().length, pictureOf);
        IValue hidden =
                switch (settings.reading()) {
                    case WORDS -> together.words(work, llm);
                    case PROMPT -> together.alone(work, llm, bridge);
                    case WITH_PICTURE -> together.hidden(
                            work,
                            llm,
                            bridge,
                            encoded.imageTokens(),
                            prefix.run(work, network.llm(), encoded.tokens(), noTaps),
                            noTaps);
                };
        PromptBridge.Inputs inputs = bridge.inputs(work, hidden, together, noTaps);
        IValue masks = bridge.maskTokenConditions(work, hidden);
        IValue tokens = bridge.tokenFeatures(work, llm, encoded.imageTokens());
        for (int i = 0; i < ends.length; i++) {
            losses.add(decoder.losses(
                    work,
                    inputs.of(work, i == 0 ? 0 : ends[i - 1], ends[i]),
                    decoder.memory(work, encoded.pixelDecoded(), i, i + 1),
                    work.run("row", tokens, work.of((long) i)),
                    work.run("rows", masks, work.of(i == 0 ? 0L : ends[i - 1]), work.of((long) ends[i])),
                    targets(work, batch.get(i).targets()),
                    settings.losses(),
                    settings.pointing()));
        }
        return prompts.size();
    }

    private IValue targets(TorchScope work, List<float[]> targets) {
        int length = targets.get(0).length;
        float[] all = new float[targets.size() * length];
        for (int i = 0; i < targets.size(); i++) {
            System.arraycopy(targets.get(i), 0, all, i * length, length);
        }
        return work.run("to_device", work.floats(all, targets.size(), length), work.of(program.device()));
    }

    /** The masks that the averaged weights give, as {@link ForwardPass#segment(List)}. */
    public List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
        exchange();
        try {
            return pass.segment(pictures);
        } finally {
            exchange();
        }
    }

    private void exchange() {
        try (TorchScope work = program.scope()) {
            work.run("exchange", weights.average(), weights.current());
        }
    }

    /** Steps taken, those before {@link #restore} included. */
    public long steps() {
        return steps;
    }

    /** The grid that targets of this model are made on. */
    public TargetGrid targetGrid() {
        return new TargetGrid(config.mapSide(2));
    }

    /**
     * Everything that the next step depends on.
     *
     * @param rows see {@link TrainingState#rows}
     */
    public TrainingState state(long rows) {
        Map<String, float[]> values = new LinkedHashMap<>();
        try (TorchScope work = program.scope()) {
            for (Map.Entry<String, IValue> part : parts().entrySet()) {
                IValue[] elements = work.elements(part.getValue());
                int i = 0;
                for (String name : tensors.keySet()) {
                    values.put(
                            part.getKey() + name, AttentionRows.stored(name, work.floats(elements[i++]), config.llm()));
                }
            }
        }
        return new TrainingState(steps, rows, values);
    }

    /**
     * Goes on where {@link #state} was taken: the next step gives bit for bit what it would have given.
     *
     * @throws io.maskroute.core.error.UnusableInputException when the state is another model's
     */
    public void restore(TrainingState state) {
        try (TorchScope work = program.scope()) {
            for (Map.Entry<String, IValue> part : parts().entrySet()) {
                IValue[] elements = work.elements(part.getValue());
                int i = 0;
                for (String name : tensors.keySet()) {
                    IValue target = elements[i++];
                    float[] values = AttentionRows.inMemory(
                            name, state.require(part.getKey() + name, work.shape(target)), config.llm());
                    work.run("overwrite", target, work.floats(values, work.shape(target)));
                }
            }
        }
        steps = state.steps();
    }

    private Map<String, IValue> parts() {
        Map<String, IValue> parts = new LinkedHashMap<>();
        parts.put(TrainingState.WEIGHT, weights.current());
        parts.put(TrainingState.FIRST, weights.first());
        parts.put(TrainingState.SECOND, weights.second());
        parts.put(TrainingState.AVERAGE, weights.average());
        return parts;
    }

    @Override
    public void close() {
        joining.values().forEach(RoutedLlm::close);
        scope.close();
        network.close();
        program.close();
    }
}
