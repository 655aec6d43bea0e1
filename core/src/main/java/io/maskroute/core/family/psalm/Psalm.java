package io.maskroute.core.family.psalm;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.bench.PromptShape;
import io.maskroute.core.checkpoint.Parameter;
import io.maskroute.core.checkpoint.StateDict;
import io.maskroute.core.checkpoint.WeightSizes;
import io.maskroute.core.config.JsonFields;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.config.VisualTokens;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.family.Family;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.model.WeightLoader;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** PSALM (Zhang et al. 2024), and models of its shape. */
public final class Psalm implements Family {
    static final String NAME = "psalm";
    static final String PROJECTOR = "model.mm_projector";
    private static final String SWIN = "model.vision_tower.";
    /** No other family has these tensors under these names. */
    private static final Set<String> OWN =
            Set.of("seg_query", SWIN + "patch_embed.proj.weight", "predictor.query_embed.weight");

    /** The published size (1.59 billion parameters), as in the PSALM code. */
    public static ModelConfig published() {
        return new ModelConfig(
                new ModelConfig.Image(1024, List.of(123.675, 116.28, 103.53), List.of(58.395, 57.12, 57.375), 128),
                new ModelConfig.Swin(128, List.of(2, 2, 18, 2), List.of(4, 8, 16, 32), 12, 4, 4, 1e-5),
                new VisionProjector(VisionProjector.Kind.SWIN_CONV, 5, 2048),
                new ModelConfig.Llm(2048, 8192, 24, 32, 32, 50297, 1e-5, 10000.0, 2048),
                new ModelConfig.PixelDecoder(256, 256, 8, 6, 1024, 4),
                new ModelConfig.MaskDecoder(256, 8, 9, 2048, 100),
                new ModelConfig.SpecialTokens(50296, 50256, 50295));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String modelType() {
        return "llava_phi";
    }

    @Override
    public ModelConfig sizes() {
        return published();
    }

    @Override
    public PromptShape promptShape() {
        return PromptShape.PSALM;
    }

    @Override
    public boolean owns(Set<String> names) {
        return names.containsAll(OWN);
    }

    @Override
    public String swinKeys() {
        return SWIN;
    }

    @Override
    public List<Parameter> keys(ModelConfig config) {
        StateDict dict = new StateDict(config);
        int hidden = config.llm().hidden();
        int dim = config.maskDecoder().dim();
        dict.embedding("seg_query", config.maskDecoder().queries(), hidden);
        dict.llm(List.of("query_key_value"));
        dict.swin(SWIN);
        projector(dict, config);
        dict.unused("lm_head.weight", config.llm().vocab(), hidden);
        dict.linear("region_projector", hidden, dim);
        dict.pixelDecoder();
        dict.maskDecoder();
        dict.linear("predictor.SEG_proj.layers.0", dim, dim);
        dict.linear("predictor.SEG_proj.layers.1", dim, dim);
        dict.linear("predictor.CLASS_proj.layers.0", dim, dim);
        dict.linear("predictor.CLASS_proj.layers.1", dim, dim);
        dict.linear("predictor.REGION_proj.layers.0", dim, dim);
        dict.linear("predictor.REGION_proj.layers.1", dim, dim);
        dict.linear("seg_query_projector", hidden, dim);
        dict.linear("SEG_token_projector", hidden, dim);
        dict.linear("class_name_projector", hidden, dim);
        return dict.parameters();
    }

    private static void projector(StateDict dict, ModelConfig config) {
        VisionProjector projector = (VisionProjector) config.visualTokens();
        int in = config.swin().channels(projector.stage() - 2);
        int d = config.llm().hidden();
        switch (projector.kind()) {
            case LINEAR -> dict.linear(PROJECTOR, in, d);
            case MLP -> {
                dict.linear(PROJECTOR + ".0", in, d);
                dict.linear(PROJECTOR + ".2", d, d);
            }
            case SWIN_CONV -> {
                int planes = projector.planes();
                String block = PROJECTOR + ".layer1.0";
                dict.convolution(block + ".conv1", in, planes, 3, false);
                dict.batchNorm(block + ".bn1", planes);
                dict.convolution(block + ".conv2", planes, planes, 3, false);
                dict.batchNorm(block + ".bn2", planes);
                dict.convolution(block + ".downsample.0", in, planes, 1, false);
                dict.batchNorm(block + ".downsample.1", planes);
                dict.linear(PROJECTOR + ".fc", planes, d);
            }
        }
    }

    @Override
    public VisualTokens shown(WeightSizes weights, ModelConfig.Swin swin) {
        VisionProjector published = (VisionProjector) published().visualTokens();
        String convolution = PROJECTOR + ".layer1.0.conv1.weight";
        Optional<Integer> planes = weights.size(convolution, 0, 4);
        if (planes.isPresent()) {
            int in = weights.size(convolution, 1, 4).orElseThrow();
            return new VisionProjector(VisionProjector.Kind.SWIN_CONV, stage(in, swin, published), planes.get());
        }
        Optional<Integer> mlp = weights.size(PROJECTOR + ".0.weight", 1, 2);
        if (mlp.isPresent()) {
            return new VisionProjector(VisionProjector.Kind.MLP, stage(mlp.get(), swin, published), published.planes());
        }
        return weights.size(PROJECTOR + ".weight", 1, 2)
                .map(in -> new VisionProjector(
                        VisionProjector.Kind.LINEAR, stage(in, swin, published), published.planes()))
                .orElse(published);
    }

    /** The Swin map with as many channels as a projector reads. */
    private static int stage(int channels, ModelConfig.Swin swin, VisionProjector published) {
        for (int s = 0; s < swin.depths().size(); s++) {
            if (swin.channels(s) == channels) {
                return s + 2;
            }
        }
        return published.stage();
    }

    @Override
    public VisualTokens read(JsonFields root, JsonFields own, VisualTokens base) {
        VisionProjector projector = (VisionProjector) base;
        String type = root.text("mm_projector_type", typeName(projector.kind()));
        VisionProjector.Kind kind = Arrays.stream(VisionProjector.Kind.values())
                .filter(candidate -> typeName(candidate).equals(type))
                .findFirst()
                .orElseThrow(() -> new UnusableInputException(root.where() + ": mm_projector_type '" + type
                        + "' is not supported, only swin_conv, linear and mlp2x_gelu are"));
        JsonFields json = own.object("vision_projector");
        VisionProjector found = new VisionProjector(
                kind, json.integer("stage", projector.stage()), json.integer("planes", projector.planes()));
        json.refuseOthers();
        return found;
    }

    @Override
    public void write(VisualTokens tokens, ObjectNode root, ObjectNode own) {
        VisionProjector projector = (VisionProjector) tokens;
        root.put("mm_projector_type", typeName(projector.kind()));
        own.putObject("vision_projector").put("stage", projector.stage()).put("planes", projector.planes());
    }

    /** LLaVA's name of a projector, as in {@code mm_projector_type}. */
    private static String typeName(VisionProjector.Kind kind) {
        return kind == VisionProjector.Kind.MLP ? "mlp2x_gelu" : kind.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public VisualTokens readFixture(JsonFields fixture, JsonFields sizes) {
        VisionProjector published = (VisionProjector) published().visualTokens();
        return new VisionProjector(published.kind(), published.stage(), sizes.integer("proj_planes"));
    }

    @Override
    public PsalmPrompts prompts() {
        return new PsalmPrompts();
    }

    @Override
    public VisualTower tower(TorchScope scope, ModelConfig config, WeightLoader weights, TorchType dtype) {
        return new ProjectorTower(scope, (VisionProjector) config.visualTokens(), weights, dtype);
    }

    @Override
    public long flops(ModelConfig config) {
        VisionProjector projector = (VisionProjector) config.visualTokens();
        long tokens = (long) config.imageTokenSide() * config.imageTokenSide();
        long channels = config.swin().channels(projector.stage() - 2);
        long d = config.llm().hidden();
        long planes = projector.planes();
        return 2
                * tokens
                * switch (projector.kind()) {
                        // 3x3, twice the same 3x3, 1x1 on the shortcut, then the linear layer.
                    case SWIN_CONV -> 9 * channels * planes + 2 * 9 * planes * planes + channels * planes + planes * d;
                    case LINEAR -> channels * d;
                    case MLP -> channels * d + d * d;
                };
    }

    /** Less than Swin's own. */
    @Override
    public long activations(ModelConfig config) {
        return 0;
    }
}
