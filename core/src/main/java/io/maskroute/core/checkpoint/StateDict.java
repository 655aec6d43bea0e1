package io.maskroute.core.checkpoint;

import io.maskroute.core.checkpoint.Parameter.Role;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.Families;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * The state dict of a model, put together by its family from the blocks that all have, in the order PyTorch lists them. The names are
 * those of the original modules, so that a checkpoint loads without renaming.
 */
public final class StateDict {
    private final List<Parameter> parameters = new ArrayList<>();
    private final ModelConfig config;

    /** @param config whose sizes the blocks below have */
    public StateDict(ModelConfig config) {
        this.config = config;
    }

    /** Every tensor of a checkpoint of the model's family. */
    public static List<Parameter> expected(ModelConfig config) {
        return Families.of(config).keys(config);
    }

    /** What was added, in order. */
    public List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    /** Numbers in the tensors that the model reads. */
    public static long parameters(ModelConfig config) {
        return expected(config).stream()
                .filter(Parameter::required)
                .mapToLong(parameter -> parameter.info().elements())
                .sum();
    }

    /** @param attention names of what makes queries, keys and values, of equal width each: one for all, or one each */
    public void llm(List<String> attention) {
        ModelConfig.Llm llm = config.llm();
        int d = llm.hidden();
        embedding("model.embed_tokens.weight", llm.vocab(), d);
        for (int i = 0; i < llm.layers(); i++) {
            String layer = "model.layers." + i;
            attention.forEach(part -> linear(layer + ".self_attn." + part, d, 3 * d / attention.size()));
            linear(layer + ".self_attn.dense", d, d);
            linear(layer + ".mlp.fc1", d, llm.ffn());
            linear(layer + ".mlp.fc2", llm.ffn(), d);
            norm(layer + ".input_layernorm", d);
        }
        norm("model.final_layernorm", d);
    }

    /** @param prefix of its names, with the full stop */
    public void swin(String prefix) {
        ModelConfig.Swin swin = config.swin();
        if (swin.absolutePosition()) {
            int side = config.mapSide(2);
            add(prefix + "absolute_pos_embed", Role.PLACE, 1, swin.embedDim(), side, side);
        }
        convolution(prefix + "patch_embed.proj", 3, swin.embedDim(), swin.patch(), true);
        norm(prefix + "patch_embed.norm", swin.embedDim());
        for (int s = 0; s < 4; s++) {
            int c = swin.channels(s);
            for (int b = 0; b < swin.depths().get(s); b++) {
                swinBlock(
                        prefix + "layers." + s + ".blocks." + b, c, swin.heads().get(s));
            }
            if (s < 3) {
                String merging = prefix + "layers." + s + ".downsample";
                add(merging + ".reduction.weight", Role.WEIGHT, 2 * c, 4 * c);
                norm(merging + ".norm", 4 * c);
            }
        }
        for (int s = 0; s < 4; s++) {
            norm(prefix + "norm" + s, swin.channels(s));
        }
    }

    private void swinBlock(String block, int c, int heads) {
        int window = config.swin().window();
        int offsets = (2 * window - 1) * (2 * window - 1);
        int ffn = c * config.swin().mlpRatio();
        norm(block + ".norm1", c);
        add(block + ".attn.relative_position_bias_table", Role.POSITION_BIAS, offsets, heads);
        buffer(block + ".attn.relative_position_index", window * window, window * window);
        linear(block + ".attn.qkv", c, 3 * c);
        linear(block + ".attn.proj", c, c);
        norm(block + ".norm2", c);
        linear(block + ".mlp.fc1", c, ffn);
        linear(block + ".mlp.fc2", ffn, c);
    }

    /** The deformable encoder over three of Swin's maps. */
    public void pixelDecoder() {
        ModelConfig.PixelDecoder decoder = config.pixelDecoder();
        int c = decoder.convDim();
        // Projections of res5, res4, res3, in this order.
        for (int level = 0; level < 3; level++) {
            String projection = "pixel_decoder.input_proj." + level;
            convolution(projection + ".0", config.swin().channels(3 - level), c, 1, true);
            norm(projection + ".1", c);
        }
        embedding("pixel_decoder.transformer.level_embed", 3, c);
        int samples = decoder.heads() * 3 * decoder.points();
        for (int i = 0; i < decoder.layers(); i++) {
            String layer = "pixel_decoder.transformer.encoder.layers." + i;
            String attention = layer + ".self_attn";
            add(attention + ".sampling_offsets.weight", Role.WEIGHT, 2 * samples, c);
            add(attention + ".sampling_offsets.bias", Role.SAMPLING_OFFSETS, 2 * samples);
            linear(attention + ".attention_weights", c, samples);
            linear(attention + ".value_proj", c, c);
            linear(attention + ".output_proj", c, c);
            norm(layer + ".norm1", c);
            linear(layer + ".linear1", c, decoder.ffn());
            linear(layer + ".linear2", decoder.ffn(), c);
            norm(layer + ".norm2", c);
        }
        convolution("pixel_decoder.mask_features", c, decoder.maskDim(), 1, true);
        convolution("pixel_decoder.adapter_1.0", config.swin().channels(0), c, 1, true);
        norm("pixel_decoder.adapter_1.1", c);
        convolution("pixel_decoder.layer_1.0", c, c, 3, true);
        norm("pixel_decoder.layer_1.1", c);
    }

    /** Without the heads that conditions are compared by. */
    public void maskDecoder() {
        ModelConfig.MaskDecoder decoder = config.maskDecoder();
        int d = decoder.dim();
        for (int i = 0; i < decoder.layers(); i++) {
            String layer = "predictor.transformer_self_attention_layers." + i;
            attention(layer + ".self_attn", d);
            norm(layer + ".norm", d);
        }
        for (int i = 0; i < decoder.layers(); i++) {
            String layer = "predictor.transformer_cross_attention_layers." + i;
            attention(layer + ".multihead_attn", d);
            norm(layer + ".norm", d);
        }
        for (int i = 0; i < decoder.layers(); i++) {
            String layer = "predictor.transformer_ffn_layers." + i;
            linear(layer + ".linear1", d, decoder.ffn());
            linear(layer + ".linear2", decoder.ffn(), d);
            norm(layer + ".norm", d);
        }
        norm("predictor.decoder_norm", d);
        unused("predictor.query_feat.weight", decoder.queries(), d);
        embedding("predictor.query_embed.weight", decoder.queries(), d);
        unused("predictor.SEG_query_embed.weight", decoder.queries() + 1, d);
        embedding("predictor.level_embed.weight", 3, d);
        linear("predictor.mask_embed.layers.0", d, d);
        linear("predictor.mask_embed.layers.1", d, d);
        linear("predictor.mask_embed.layers.2", d, config.pixelDecoder().maskDim());
    }

    /** Weight and bias of a linear layer. */
    public void linear(String name, int in, int out) {
        add(name + ".weight", Role.WEIGHT, out, in);
        add(name + ".bias", Role.BIAS, out);
    }

    /** PyTorch's packed multi-head attention: query, key and value rows one after the other. */
    private void attention(String name, int d) {
        add(name + ".in_proj_weight", Role.WEIGHT, 3 * d, d);
        add(name + ".in_proj_bias", Role.BIAS, 3 * d);
        linear(name + ".out_proj", d, d);
    }

    /** Weight, and where it has one the bias, of a square convolution. */
    public void convolution(String name, int in, int out, int kernel, boolean bias) {
        add(name + ".weight", Role.WEIGHT, out, in, kernel, kernel);
        if (bias) {
            add(name + ".bias", Role.BIAS, out);
        }
    }

    /** A LayerNorm or GroupNorm. */
    public void norm(String name, int width) {
        add(name + ".weight", Role.NORM_SCALE, width);
        add(name + ".bias", Role.NORM_SHIFT, width);
    }

    /** A BatchNorm with its statistics. */
    public void batchNorm(String name, int width) {
        norm(name, width);
        add(name + ".running_mean", Role.RUNNING_MEAN, width);
        add(name + ".running_var", Role.RUNNING_VAR, width);
        buffer(name + ".num_batches_tracked");
    }

    /** A table whose rows are added or looked up. */
    public void embedding(String key, int rows, int width) {
        add(key, Role.EMBEDDING, rows, width);
    }

    /** A tensor that checkpoints have and nothing reads. */
    public void unused(String key, long... shape) {
        parameters.add(new Parameter(key, new TensorInfo(DType.F32, shape), Role.EMBEDDING, false));
    }

    /** Weight and bias of a linear layer that nothing reads. */
    public void unusedLinear(String name, int in, int out) {
        unused(name + ".weight", out, in);
        unused(name + ".bias", out);
    }

    /** Weight of a linear layer without bias. */
    public void matrix(String key, int in, int out) {
        add(key, Role.WEIGHT, out, in);
    }

    private void buffer(String key, long... shape) {
        parameters.add(new Parameter(key, new TensorInfo(DType.I64, shape), Role.BUFFER, false));
    }

    private void add(String key, Role role, long... shape) {
        parameters.add(new Parameter(key, new TensorInfo(DType.F32, shape), role, true));
    }
}
