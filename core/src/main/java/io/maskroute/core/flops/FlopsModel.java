package io.maskroute.core.flops;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.flops.Execution.LastLayer;
import io.maskroute.core.routing.LayerRouting;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.RoutingSchedule;
import io.maskroute.core.routing.RoutingSchedule.Projector;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PreparedPrompt;
import java.util.Arrays;
import java.util.List;

/** The formula of the package description, for one model under one routing plan. Cheap enough to ask per picture. */
public final class FlopsModel {
    private final ModelConfig config;
    private final RoutingPlan plan;
    private final RoutingPlan dense;
    private final Execution execution;
    private final VisionFlops vision;
    private final DecoderCounter decoder;

    public FlopsModel(ModelConfig config, RoutingPlan plan, Execution execution) {
        this.config = config;
        this.plan = plan;
        this.dense = RoutingPlan.of(RoutingSchedule.dense(), config, plan.gridHeight(), plan.gridWidth());
        this.execution = execution;
        this.vision = new VisionCounter(config).count();
        this.decoder = new DecoderCounter(config);
    }

    /**
     * For what the TorchScript program computes.
     *
     * @param trainedProjectors whether the routing comes with tensors
     */
    public static FlopsModel asRun(ModelConfig config, RoutingPlan plan, boolean trainedProjectors) {
        return new FlopsModel(config, plan, new Execution(LastLayer.QUERIES_KEYS_VALUES, trainedProjectors));
    }

    /** One picture's vision work, prompts aside. */
    public VisionFlops vision() {
        return vision;
    }

    /** The mask decoder for a prompt with one condition. */
    public DecoderFlops decoder() {
        return decoder.count(1);
    }

    /**
     * A picture with referring prompts.
     *
     * @param prefix the tokens that all its prompts share: text, image tokens, text
     * @param ownText per prompt the number of its own text tokens, mask tokens not included
     */
    public ImageFlops image(SegmentLayout prefix, int... ownText) {
        return new ImageFlops(
                prefix(plan, prefix),
                Arrays.stream(ownText)
                        .mapToObj(text -> prompt(prefix, text, prefix, text, 1))
                        .toList(),
                vision,
                decoder().memory());
    }

    /** A picture with prompts that run together, so that they share what their texts begin with; at least one. */
    public ImageFlops image(List<PreparedPrompt> prompts) {
        SegmentLayout prefix = layout(prompts.get(0), PreparedPrompt.sharedText(prompts).length);
        return new ImageFlops(
                prefix(plan, prefix),
                prompts.stream()
                        .map(prompt -> prompt(
                                prefix,
                                prompt.text().length - prefix.trailing(),
                                layout(prompt, prompt.sharable()),
                                prompt.ownLength(),
                                prompt.conditions().size()))
                        .toList(),
                vision,
                decoder().memory());
    }

    private SegmentLayout layout(PreparedPrompt prompt, int shared) {
        return new SegmentLayout(prompt.prefix().length, plan.imageTokens(), shared);
    }

    /**
     * @param shared the prefix as it runs
     * @param own text tokens behind that
     * @param alone the prefix that the prompt would have, were it the only one
     * @param ownAlone text tokens behind that
     */
    private PromptFlops prompt(SegmentLayout shared, int own, SegmentLayout alone, int ownAlone, int conditions) {
        return new PromptFlops(
                prompt(plan, shared, own),
                prefix(plan, alone).plus(prompt(plan, alone, ownAlone)),
                prefix(dense, alone).plus(prompt(dense, alone, ownAlone)),
                decoder.count(conditions).prompt());
    }

    private LlmFlops prefix(RoutingPlan plan, SegmentLayout layout) {
        if (layout.image() != plan.imageTokens()) {
            throw new IllegalArgumentException(
                    "prefix of " + layout.image() + " image tokens, of a grid of " + plan.imageTokens());
        }
        return plan.layers().stream()
                .filter(layer -> isShared(plan, layer))
                .map(layer -> prefixLayer(plan, layer, layout))
                .reduce(LlmFlops.NONE, LlmFlops::plus);
    }

    private LlmFlops prompt(RoutingPlan plan, SegmentLayout prefix, int ownText) {
        LlmFlops sum = LlmFlops.NONE;
        for (LayerRouting layer : plan.layers()) {
            long tokens = ownText + (layer.maskTokens() ? config.maskDecoder().queries() : 0);
            sum = sum.plus(layer(prefix.tokens() - plan.dropped(layer.layer()), tokens, tokens));
            if (!isShared(plan, layer)) {
                sum = sum.plus(prefixLayer(plan, layer, prefix));
            }
        }
        return sum;
    }

    /** Whether the prefix runs once for all prompts: behind the layer that drops image tokens, each may keep others. */
    private static boolean isShared(RoutingPlan plan, LayerRouting layer) {
        return plan.dropping()
                .map(dropping -> dropping.criterion().shared() || layer.layer() < dropping.afterLayer())
                .orElse(true);
    }

    private LlmFlops prefixLayer(RoutingPlan plan, LayerRouting layer, SegmentLayout layout) {
        long tokens = layout.tokens() - plan.dropped(layer.layer());
        boolean last = layer.layer() == plan.layers().size() - 1;
        if (last && execution.lastLayer() != LastLayer.EVERYTHING) {
            int outputs = execution.lastLayer() == LastLayer.KEYS_VALUES ? 2 : 3;
            return new LlmFlops(tokens * outputs * hidden(1), 0, 0, 0);
        }
        long withoutFfn = layout.image() - layer.proxies();
        return layer(0, tokens, tokens - withoutFfn).plus(projector(layer));
    }

    /** A layer over {@code tokens} consecutive tokens that see {@code before} others and each other causally. */
    private LlmFlops layer(long before, long tokens, long ffnTokens) {
        long d = config.llm().hidden();
        long pairs = tokens * before + tokens * (tokens + 1) / 2;
        return new LlmFlops(
                tokens * hidden(4),
                4 * d * pairs,
                ffnTokens * 4 * d * config.llm().ffn(),
                0);
    }

    private LlmFlops projector(LayerRouting layer) {
        if (!layer.routed() || !execution.trainedProjectors()) {
            return LlmFlops.NONE;
        }
        Projector projector = layer.projector().orElseThrow();
        long followers = layer.grid().tokens() - layer.proxies();
        long rows = (long) layer.proxies() * projector.rank() + followers * projector.deltaRank();
        return new LlmFlops(0, 0, 0, rows * 4 * config.llm().hidden());
    }

    /** {@code outputs} linear layers d -> d for one token. */
    private long hidden(int outputs) {
        long d = config.llm().hidden();
        return 2 * d * d * outputs;
    }
}
