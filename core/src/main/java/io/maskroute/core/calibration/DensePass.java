package io.maskroute.core.calibration;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.model.EngineFailure;
import io.maskroute.core.model.LoadedModel;
import io.maskroute.core.model.PsalmNetwork;
import io.maskroute.core.model.SharedPrefix;
import io.maskroute.core.model.VisionEncoder;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.ImageTokens;
import io.maskroute.core.routing.RoutingSchedule.LayerSelection;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.RoutingSchedule.ProjectorKind;
import io.maskroute.core.routing.RoutingSchedule.Proxies;
import io.maskroute.core.routing.RoutingSchedule.ProxyKind;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.core.torchscript.TorchScope;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The dense model over pictures, watched. For one thread at a time. */
public final class DensePass implements AutoCloseable {
    /** Attention keeps what every layer does to a prompt, so few go at once. */
    private static final int PROMPTS_AT_ONCE = 4;

    private final LoadedModel model;
    private final PsalmNetwork network;
    private final ImagePreprocessor preprocessor;
    private final SharedPrefix shared;
    private final Map<Integer, RoutingPlan> plans = new HashMap<>();

    /** @param model opened dense; closed with this */
    public DensePass(LoadedModel model) {
        this.model = model;
        this.network = model.network();
        this.preprocessor = new ImagePreprocessor(network.config());
        try {
            // For the text that all prompts share; pictures without a prompt have it too.
            this.shared = SharedPrefix.of(List.of(model.tokenizer().prepare(new ReferringTask(List.of("thing")))));
        } catch (RowFailure e) {
            throw new IllegalStateException("a word is a prompt", e);
        }
    }

    public ModelConfig config() {
        return network.config();
    }

    public TorchProgram program() {
        return model.program();
    }

    public PreparedImage prepare(RgbImage image) {
        return preprocessor.prepare(image);
    }

    public PreparedPrompt prepare(ReferringTask prompt) throws RowFailure {
        return model.tokenizer().prepare(prompt);
    }

    /** What the model did with one picture, before it is added to any sums. To be closed. */
    public final class Observation implements AutoCloseable {
        private final TorchScope work;
        private final SegmentLayout layout;
        private final Map<Integer, IValue> layers;
        private final double[] attention;
        private final List<PreparedPrompt> prompts;

        private Observation(
                TorchScope work,
                SegmentLayout layout,
                Map<Integer, IValue> layers,
                double[] attention,
                List<PreparedPrompt> prompts) {
            this.work = work;
            this.layout = layout;
            this.layers = layers;
            this.attention = attention;
            this.prompts = prompts;
        }

        /** Must not fail half way: what it throws makes the sums useless. */
        public void addTo(ProjectorUnit unit, FollowerSums sums) {
            sums.add(work, layers.get(unit.layer()), layout, plan(unit.stride()).layer(unit.layer()));
        }

        /** The prompts that {@link #observe} was given. */
        public void addTo(PromptSums sums) {
            int queries = config().maskDecoder().queries();
            sums.add(
                    attention,
                    prompts.size(),
                    (long) prompts.size() * queries,
                    prompts.stream().mapToLong(PreparedPrompt::ownLength).sum());
        }

        @Override
        public void close() {
            work.close();
        }
    }

    /**
     * Runs a picture.
     *
     * @param layers to watch
     * @param prompts whose mask tokens to watch in all layers; may be empty
     * @throws RowFailure when the picture cannot be run, or gives numbers that are not finite
     */
    public Observation observe(PreparedImage image, Set<Integer> layers, List<PreparedPrompt> prompts)
            throws RowFailure {
        TorchScope work = network.scope();
        Stage stage = Stage.VISION;
        try {
            IValue noTaps = network.noTaps();
            VisionEncoder.Pixels pixels = network.vision().normalize(work, List.of(image));
            IValue maps = network.vision().backbone(work, pixels.square(), noTaps);
            VisualTower.Tokens tokens = network.vision().tokens(work, maps, pixels, noTaps);
            stage = Stage.PREFIX;
            SegmentLayout layout = layout();
            Map<Integer, IValue> watched = new TreeMap<>();
            IValue cache = prefix(
                    work, tokens, layers, prompts.isEmpty() ? 0 : config().llm().layers(), watched);
            stage = Stage.PROMPT;
            double[] attention =
                    new double[prompts.isEmpty() ? 0 : 3 * config().llm().layers()];
            for (int from = 0; from < prompts.size(); from += PROMPTS_AT_ONCE) {
                attend(prompts.subList(from, Math.min(prompts.size(), from + PROMPTS_AT_ONCE)), cache, attention);
            }
            return new Observation(work, layout, watched, attention, prompts);
        } catch (EngineException e) {
            work.close();
            throw EngineFailure.of(stage, e);
        } catch (RowFailure | RuntimeException | Error e) {
            work.close();
            throw e;
        }
    }

    /**
     * The layers up to the last that is needed.
     *
     * @param cached how many layers' keys and values to return
     */
    private IValue prefix(
            TorchScope work, VisualTower.Tokens tokens, Set<Integer> layers, int cached, Map<Integer, IValue> watched)
            throws RowFailure {
        int last = Math.max(
                cached, 1 + layers.stream().mapToInt(Integer::intValue).max().orElse(-1));
        IValue[] cache = new IValue[2 * cached];
        IValue x = shared.input(work, network.llm(), tokens);
        for (int layer = 0; layer < last; layer++) {
            IValue seen = network.llm().observeLayer(work, layer, x);
            if (!work.run("is_finite", seen).toBoolean()) {
                throw new RowFailure(
                        Stage.PREFIX, "not-finite", "layer " + layer + " gives numbers that are not finite");
            }
            Map<String, IValue> parts = work.entries(seen);
            work.free(x);
            x = parts.get("out");
            work.free(parts.get("ffn_input"));
            work.free(parts.get("mlp"));
            if (layer < cached) {
                cache[2 * layer] = parts.get("k");
                cache[2 * layer + 1] = parts.get("v");
            } else {
                work.free(parts.get("k"));
                work.free(parts.get("v"));
            }
            if (layers.contains(layer)) {
                watched.put(layer, seen);
            } else {
                work.free(seen);
            }
        }
        return cached == 0 ? null : work.list(cache);
    }

    private void attend(List<PreparedPrompt> prompts, IValue cache, double[] sums) throws RowFailure {
        int masks = config().maskDecoder().queries();
        int[][] own = prompts.stream().map(PreparedPrompt::own).toArray(int[][]::new);
        long[] lengths = prompts.stream().mapToLong(PreparedPrompt::ownLength).toArray();
        int longest = prompts.stream().mapToInt(PreparedPrompt::ownLength).max().orElseThrow();
        try (TorchScope work = network.scope()) {
            IValue taps = work.dictionary();
            IValue text = network.llm().textInput(work, own, longest);
            network.llm().suffix(work, text, network.bridge().maskTokens(), lengths, new long[own.length], cache, taps);
            double[] batch =
                    work.float64s(network.llm().suffixAttention(work, taps, cache, lengths, longest, masks, layout()));
            for (int i = 0; i < sums.length; i++) {
                if (!Double.isFinite(batch[i])) {
                    throw new RowFailure(Stage.PROMPT, "not-finite", "mask tokens give numbers that are not finite");
                }
                sums[i] += batch[i];
            }
        }
    }

    private SegmentLayout layout() {
        return shared.layout(network.llm().plan());
    }

    private RoutingPlan plan(int stride) {
        return plans.computeIfAbsent(
                stride,
                k -> RoutingPlan.of(
                        new RoutingSchedule(
                                0,
                                new ImageTokens(
                                        new Proxies(ProxyKind.GRID, k),
                                        LayerSelection.ALL,
                                        new Projector(ProjectorKind.LINEAR, 1)),
                                List.of()),
                        config(),
                        config().imageTokenSide(),
                        config().imageTokenSide()));
    }

    @Override
    public void close() {
        model.close();
    }
}
