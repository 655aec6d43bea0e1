package io.maskroute.core.family.hyperseg;

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
import io.maskroute.core.family.Prompts;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.family.hyperseg.Towers.Perceiver;
import io.maskroute.core.family.hyperseg.Towers.Siglip;
import io.maskroute.core.model.WeightLoader;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** HyperSeg-3B (Wei et al. 2024), and models of its shape. */
public final class Hyperseg implements Family {
    static final String NAME = "hyperseg";
    static final String SIGLIP = "model.vision_tower.vision_model.";
    static final String PROJECTOR = "model.mm_projector.";
    static final String PERCEIVER = "mgvp_layers.";
    /** Reads the latents of a video's next frame from the LLM. */
    static final String NEXT_LATENTS = "temporal_query_project";

    private static final String SWIN = "model.vision_tower_mask.";
    private static final String ACTIVATION = "gelu_pytorch_tanh";
    private static final List<String> MLP = List.of("0", "1", "2");
    /** Rows of {@code lm_head}: Phi-2's own, where the table of embeddings was cut to the tokenizer's size. */
    private static final int LM_HEAD_ROWS = 51200;
    /** A sibling with nearly the same tensors under the same model_type, other words, and an order of its own. */
    private static final String OTHER = "instructseg";

    /** The published size (3.34 billion parameters), as in the HyperSeg code and SigLIP-SO400M's and Phi-2's configurations. */
    public static ModelConfig published() {
        return new ModelConfig(
                new ModelConfig.Image(1024, List.of(123.675, 116.28, 103.53), List.of(58.395, 57.12, 57.375), 128),
                new ModelConfig.Swin(128, List.of(2, 2, 18, 2), List.of(4, 8, 16, 32), 12, 4, 4, 1e-5),
                new Towers(new Siglip(384, 14, 1152, 4304, 27, 16, 1e-6), new Perceiver(512, 512, 8, 2048, 128)),
                new ModelConfig.Llm(2560, 10240, 32, 32, 32, 50296, 1e-5, 10000.0, 2048),
                new ModelConfig.PixelDecoder(256, 256, 8, 6, 1024, 4),
                new ModelConfig.MaskDecoder(256, 8, 9, 2048, 100),
                new ModelConfig.SpecialTokens(50295, 50256, 50256));
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String modelType() {
        return "mipha_phi";
    }

    @Override
    public ModelConfig sizes() {
        return published();
    }

    /** A condition as long as PSALM's; the latents and what stands around them are shared. */
    @Override
    public PromptShape promptShape() {
        return new PromptShape(36, 1 + 128 + 16, PromptShape.PSALM.condition(), 15);
    }

    @Override
    public boolean owns(Set<String> names) {
        return names.contains(PERCEIVER + "norm.weight") && names.contains(SWIN + "patch_embed.proj.weight");
    }

    @Override
    public String swinKeys() {
        return SWIN;
    }

    @Override
    public List<Parameter> keys(ModelConfig config) {
        Towers towers = (Towers) config.visualTokens();
        StateDict dict = new StateDict(config);
        int hidden = config.llm().hidden();
        int dim = config.maskDecoder().dim();
        dict.embedding("seg_query", config.maskDecoder().queries(), hidden);
        dict.embedding("temporal_query", towers.latents(), towers.perceiver().dim());
        dict.llm(List.of("q_proj", "k_proj", "v_proj"));
        siglip(dict, towers.siglip());
        dict.linear(PROJECTOR + "0", towers.siglip().hidden(), hidden);
        dict.linear(PROJECTOR + "2", hidden, hidden);
        dict.swin(SWIN);
        int vocab = config.llm().vocab();
        dict.unused("lm_head.weight", vocab == published().llm().vocab() ? LM_HEAD_ROWS : vocab, hidden);
        dict.unusedLinear("region_projector", hidden, dim);
        dict.pixelDecoder();
        dict.maskDecoder();
        MLP.forEach(i -> dict.unusedLinear("predictor.box_embed.layers." + i, dim, i.equals("2") ? 4 : dim));
        dict.unusedLinear("predictor.iou_head", dim, 1);
        MLP.forEach(i -> dict.unusedLinear("predictor.reid_embed_head.layers." + i, dim, dim));
        dict.linear("predictor.SEG_proj.layers.0", dim, dim);
        dict.linear("predictor.SEG_proj.layers.1", dim, dim);
        dict.linear("predictor.CLASS_proj.layers.0", dim, dim);
        dict.linear("predictor.CLASS_proj.layers.1", dim, dim);
        dict.unusedLinear("predictor.REGION_proj.layers.0", dim, dim);
        dict.unusedLinear("predictor.REGION_proj.layers.1", dim, dim);
        dict.linear("seg_query_projector", hidden, dim);
        dict.linear("SEG_token_projector", hidden, dim);
        dict.linear("class_name_projector", hidden, dim);
        perceiver(dict, towers.perceiver(), hidden);
        for (int level = 0; level < Perceiver.LAYERS; level++) {
            dict.convolution(
                    "local_project." + level,
                    config.swin().channels(level + 1),
                    towers.perceiver().dim(),
                    1,
                    true);
        }
        dict.embedding(
                "level_embed.weight", Perceiver.LAYERS, towers.perceiver().dim());
        return dict.parameters();
    }

    private static void siglip(StateDict dict, Siglip siglip) {
        int c = siglip.hidden();
        dict.convolution(SIGLIP + "embeddings.patch_embedding", 3, c, siglip.patch(), true);
        dict.embedding(SIGLIP + "embeddings.position_embedding.weight", siglip.side() * siglip.side(), c);
        for (int i = 0; i < siglip.layers(); i++) {
            String layer = SIGLIP + "encoder.layers." + i;
            boolean last = i + 1 == siglip.layers();
            for (String part : List.of("k_proj", "v_proj", "q_proj", "out_proj")) {
                linear(dict, last, layer + ".self_attn." + part, c, c);
            }
            norm(dict, last, layer + ".layer_norm1", c);
            linear(dict, last, layer + ".mlp.fc1", c, siglip.ffn());
            linear(dict, last, layer + ".mlp.fc2", siglip.ffn(), c);
            norm(dict, last, layer + ".layer_norm2", c);
        }
        norm(dict, true, SIGLIP + "post_layernorm", c);
        String head = SIGLIP + "head";
        dict.unused(head + ".probe", 1, 1, c);
        dict.unused(head + ".attention.in_proj_weight", 3L * c, c);
        dict.unused(head + ".attention.in_proj_bias", 3L * c);
        dict.unusedLinear(head + ".attention.out_proj", c, c);
        norm(dict, true, head + ".layernorm", c);
        dict.unusedLinear(head + ".mlp.fc1", c, siglip.ffn());
        dict.unusedLinear(head + ".mlp.fc2", siglip.ffn(), c);
    }

    private static void linear(StateDict dict, boolean unused, String name, int in, int out) {
        if (unused) {
            dict.unusedLinear(name, in, out);
        } else {
            dict.linear(name, in, out);
        }
    }

    private static void norm(StateDict dict, boolean unused, String name, int width) {
        if (unused) {
            dict.unused(name + ".weight", width);
            dict.unused(name + ".bias", width);
        } else {
            dict.norm(name, width);
        }
    }

    private static void perceiver(StateDict dict, Perceiver perceiver, int hidden) {
        int c = perceiver.dim();
        for (int i = 0; i < Perceiver.LAYERS; i++) {
            String layer = PERCEIVER + "layers." + i;
            dict.norm(layer + ".0.norm_media", c);
            dict.norm(layer + ".0.norm_latents", c);
            dict.matrix(layer + ".0.to_q.weight", c, perceiver.inner());
            dict.matrix(layer + ".0.to_kv.weight", c, 2 * perceiver.inner());
            dict.matrix(layer + ".0.to_out.weight", perceiver.inner(), c);
            dict.norm(layer + ".1.0", c);
            dict.matrix(layer + ".1.1.weight", c, perceiver.ffn());
            dict.matrix(layer + ".1.3.weight", perceiver.ffn(), c);
        }
        dict.norm(PERCEIVER + "norm", c);
        dict.linear("expanded_seg_query_project", c, hidden);
        dict.unusedLinear(NEXT_LATENTS, hidden, c);
    }

    @Override
    public VisualTokens shown(WeightSizes weights, ModelConfig.Swin swin) {
        Towers published = (Towers) published().visualTokens();
        Siglip siglip = published.siglip();
        String convolution = SIGLIP + "embeddings.patch_embedding.weight";
        int patch = weights.size(convolution, 3, 4).orElse(siglip.patch());
        // Fewer pixels than a patch more would give the same tokens: the published size where it does.
        int side = weights.size(SIGLIP + "embeddings.position_embedding.weight", 0, 2)
                .map(positions -> (int) Math.round(Math.sqrt(positions)))
                .orElse(siglip.side());
        int size = siglip.size() / patch == side ? siglip.size() : side * patch;
        String first = SIGLIP + "encoder.layers.0.mlp.fc1.weight";
        Perceiver perceiver = published.perceiver();
        String latents = PERCEIVER + "layers.0.";
        return new Towers(
                new Siglip(
                        size,
                        patch,
                        weights.size(convolution, 0, 4).orElse(siglip.hidden()),
                        weights.size(first, 0, 2).orElse(siglip.ffn()),
                        weights.count(SIGLIP + "encoder.layers.", siglip.layers()),
                        siglip.heads(),
                        siglip.layerNormEps()),
                new Perceiver(
                        weights.size("temporal_query", 1, 2).orElse(perceiver.dim()),
                        weights.size(latents + "0.to_q.weight", 0, 2).orElse(perceiver.inner()),
                        perceiver.heads(),
                        weights.size(latents + "1.1.weight", 0, 2).orElse(perceiver.ffn()),
                        weights.size("temporal_query", 0, 2).orElse(perceiver.latents())));
    }

    @Override
    public VisualTokens read(JsonFields root, JsonFields own, VisualTokens base) {
        if (root.text("_name_or_path", "").toLowerCase(Locale.ROOT).contains(OTHER)) {
            throw new UnusableInputException(
                    root.where()
                            + " is InstructSeg's; its prompts and the order of its tokens differ from HyperSeg's, and it is not supported");
        }
        Towers towers = (Towers) base;
        return new Towers(
                siglip(root.object("vision_config").object("vision_tower"), towers.siglip()),
                perceiver(own.object("perceiver"), towers.perceiver()));
    }

    /** The original falls back to quick_gelu and another epsilon where the two are missing, and gives slightly worse masks. */
    private static Siglip siglip(JsonFields json, Siglip base) {
        String activation = json.text("hidden_act");
        if (!activation.equals(ACTIVATION)) {
            throw new UnusableInputException(
                    json.where() + ": hidden_act " + activation + " is not supported, only " + ACTIVATION + " is");
        }
        return new Siglip(
                json.integer("image_size", base.size()),
                json.integer("patch_size", base.patch()),
                json.integer("hidden_size", base.hidden()),
                json.integer("intermediate_size", base.ffn()),
                json.integer("num_hidden_layers", base.layers()),
                json.integer("num_attention_heads", base.heads()),
                json.number("layer_norm_eps"));
    }

    private static Perceiver perceiver(JsonFields json, Perceiver base) {
        Perceiver perceiver = new Perceiver(
                json.integer("dim", base.dim()),
                json.integer("inner", base.inner()),
                json.integer("heads", base.heads()),
                json.integer("ffn", base.ffn()),
                json.integer("latents", base.latents()));
        json.refuseOthers();
        return perceiver;
    }

    @Override
    public void write(VisualTokens tokens, ObjectNode root, ObjectNode own) {
        Siglip siglip = ((Towers) tokens).siglip();
        root.putObject("vision_config")
                .putObject("vision_tower")
                .put("image_size", siglip.size())
                .put("patch_size", siglip.patch())
                .put("hidden_size", siglip.hidden())
                .put("intermediate_size", siglip.ffn())
                .put("num_hidden_layers", siglip.layers())
                .put("num_attention_heads", siglip.heads())
                .put("hidden_act", ACTIVATION)
                .put("layer_norm_eps", siglip.layerNormEps());
        Perceiver perceiver = ((Towers) tokens).perceiver();
        own.putObject("perceiver")
                .put("dim", perceiver.dim())
                .put("inner", perceiver.inner())
                .put("heads", perceiver.heads())
                .put("ffn", perceiver.ffn())
                .put("latents", perceiver.latents());
    }

    @Override
    public VisualTokens readFixture(JsonFields fixture, JsonFields sizes) {
        int heads = sizes.integer("fvp_heads");
        int dim = sizes.integer("fvp_dim");
        return new Towers(
                new Siglip(
                        sizes.integer("siglip_image"),
                        sizes.integer("siglip_patch"),
                        sizes.integer("siglip_hidden"),
                        sizes.integer("siglip_ffn"),
                        sizes.integer("siglip_layers"),
                        sizes.integer("siglip_heads"),
                        fixture.object("siglip").number("layer_norm_eps")),
                new Perceiver(
                        dim, heads * sizes.integer("fvp_dim_head"), heads, 4 * dim, sizes.integer("fvp_queries")));
    }

    @Override
    public Prompts prompts() {
        return new HypersegPrompts();
    }

    @Override
    public VisualTower tower(TorchScope scope, ModelConfig config, WeightLoader weights, TorchType dtype) {
        return new HypersegTower(scope, (Towers) config.visualTokens(), weights, dtype);
    }

    @Override
    public long flops(ModelConfig config) {
        Towers towers = (Towers) config.visualTokens();
        long d = config.llm().hidden();
        Siglip siglip = towers.siglip();
        long n = (long) siglip.side() * siglip.side();
        long c = siglip.hidden();
        long layer = 4 * n * c * c + 2 * n * n * c + 2 * n * c * siglip.ffn();
        long embedding = n * c * 3 * siglip.patch() * siglip.patch();
        long projector = n * c * d + n * d * d;
        return 2 * (embedding + (siglip.layers() - 1) * layer + projector + perceiver(config, towers.perceiver(), d));
    }

    /** Multiply-adds. */
    private static long perceiver(ModelConfig config, Perceiver perceiver, long d) {
        long c = perceiver.dim();
        long inner = perceiver.inner();
        long m = perceiver.latents();
        long sum = m * c * d;
        for (int level = 0; level < Perceiver.LAYERS; level++) {
            long positions = positions(config, level);
            long keys = positions + m;
            sum += positions * config.swin().channels(level + 1) * c
                    + m * c * inner
                    + keys * c * 2 * inner
                    + 2 * m * keys * inner
                    + m * inner * c
                    + 2 * m * c * perceiver.ffn();
        }
        return sum;
    }

    private static long positions(ModelConfig config, int level) {
        long side = config.mapSide(level + 3);
        return side * side;
    }

    /**
     * SigLIP's attention or its FFN before and after the GELU, or the perceiver's finest level with its norm, keys and values.
     * Swin's maps stay meanwhile.
     */
    @Override
    public long activations(ModelConfig config) {
        Towers towers = (Towers) config.visualTokens();
        Siglip siglip = towers.siglip();
        long n = (long) siglip.side() * siglip.side();
        long layer = n * Math.max(6L * siglip.hidden(), 3L * siglip.hidden() + 2L * siglip.ffn());
        Perceiver perceiver = towers.perceiver();
        long levels = 0;
        long maps = 0;
        for (int level = 0; level < Perceiver.LAYERS; level++) {
            levels += positions(config, level) * perceiver.dim();
            maps += positions(config, level) * config.swin().channels(level + 1);
        }
        long finest = positions(config, 0) * (3L * perceiver.dim() + 3L * perceiver.inner());
        return Math.max(layer, levels + finest) + maps;
    }
}
