package io.maskroute.core.config;

import io.maskroute.core.error.UnusableInputException;
import java.util.List;

/** What must hold between the sizes of a model for the forward pass to exist. */
public final class ModelConfigCheck {
    /** Above any model of this kind; a size beyond it is a mistake, and products of two sizes stay far from overflow. */
    public static final int MAX_WIDTH = 1 << 20;

    public static final int MAX_LAYERS = 1000;
    public static final int MAX_IMAGE = 1 << 14;
    /** Groups of every GroupNorm in the pixel decoder (fixed in Mask2Former). */
    private static final int GROUPS = 32;

    private final String where;

    private ModelConfigCheck(String where) {
        this.where = where;
    }

    /**
     * @param where the file the sizes come from, for the message
     * @throws UnusableInputException naming the first size that does not fit and why
     */
    public static void require(String where, ModelConfig config) {
        ModelConfigCheck check = new ModelConfigCheck(where);
        check.image(config.image(), config.swin().patch());
        check.swin(config.swin());
        config.visualTokens().check(check, config);
        check.llm(config.llm());
        check.decoders(config.pixelDecoder(), config.maskDecoder());
        check.tokens(config.specialTokens(), config.llm().vocab());
        check.check(
                config.minScore() >= 0 && config.minScore() <= 1,
                "min_score is " + config.minScore() + ", expected 0..1");
    }

    private void image(ModelConfig.Image image, int patch) {
        between("image.size", image.size(), 32, MAX_IMAGE);
        between("swin.patch", patch, 1, 64);
        check(image.size() % patch == 0, "image.size " + image.size() + " is no multiple of swin.patch " + patch);
        check(image.mean().size() == 3, "image.mean needs 3 numbers (RGB)");
        check(image.std().size() == 3, "image.std needs 3 numbers (RGB)");
        check(image.std().stream().allMatch(s -> s > 0), "image.std must be above 0");
        between("image.pad_value", image.padValue(), 0, 255);
    }

    private void swin(ModelConfig.Swin swin) {
        between("swin.embed_dim", swin.embedDim(), 1, MAX_WIDTH >> 3);
        check(
                swin.depths().size() == 4,
                "swin.depths needs 4 stages, has " + swin.depths().size());
        check(
                swin.heads().size() == 4,
                "swin.heads needs 4 stages, has " + swin.heads().size());
        for (int s = 0; s < 4; s++) {
            between("swin.depths", swin.depths().get(s), 1, MAX_LAYERS);
            divides("swin.heads", swin.heads().get(s), "stage " + s + "'s width", swin.channels(s));
        }
        between("swin.window", swin.window(), 2, 256);
        between("swin.mlp_ratio", swin.mlpRatio(), 1, 64);
        positive("swin.layer_norm_eps", swin.layerNormEps());
    }

    private void llm(ModelConfig.Llm llm) {
        between("hidden_size", llm.hidden(), 1, MAX_WIDTH);
        between("intermediate_size", llm.ffn(), 1, MAX_WIDTH);
        between("num_hidden_layers", llm.layers(), 1, MAX_LAYERS);
        divides("num_attention_heads", llm.heads(), "hidden_size", llm.hidden());
        check(
                llm.rotaryDim() >= 2 && llm.rotaryDim() % 2 == 0 && llm.rotaryDim() <= llm.headDim(),
                "partial_rotary_factor rotates " + llm.rotaryDim() + " of a head's " + llm.headDim()
                        + " channels; needed is an even number of at least 2");
        between("vocab_size", llm.vocab(), 1, 1 << 24);
        positive("layer_norm_eps", llm.layerNormEps());
        positive("rope_theta", llm.ropeTheta());
        between("max_position_embeddings", llm.maxPositions(), 1, 1 << 24);
    }

    private void decoders(ModelConfig.PixelDecoder pixel, ModelConfig.MaskDecoder mask) {
        between("pixel_decoder.conv_dim", pixel.convDim(), GROUPS, MAX_WIDTH);
        check(
                pixel.convDim() % GROUPS == 0,
                "pixel_decoder.conv_dim " + pixel.convDim() + " is no multiple of the " + GROUPS + " norm groups");
        divides("pixel_decoder.heads", pixel.heads(), "pixel_decoder.conv_dim", pixel.convDim());
        between("pixel_decoder.mask_dim", pixel.maskDim(), 1, MAX_WIDTH);
        between("pixel_decoder.layers", pixel.layers(), 1, MAX_LAYERS);
        between("pixel_decoder.ffn", pixel.ffn(), 1, MAX_WIDTH);
        between("pixel_decoder.points", pixel.points(), 1, 64);
        check(
                mask.dim() == pixel.convDim(),
                "mask_decoder.dim " + mask.dim() + " differs from pixel_decoder.conv_dim " + pixel.convDim()
                        + "; the mask decoder reads the pixel decoder's maps without a projection");
        divides("mask_decoder.heads", mask.heads(), "mask_decoder.dim", mask.dim());
        between("mask_decoder.layers", mask.layers(), 1, MAX_LAYERS);
        between("mask_decoder.ffn", mask.ffn(), 1, MAX_WIDTH);
        between("mask_decoder.queries", mask.queries(), 1, 1 << 14);
    }

    private void tokens(ModelConfig.SpecialTokens tokens, int vocab) {
        List<Integer> ids = List.of(tokens.seg(), tokens.endOfText(), tokens.pad());
        check(
                ids.stream().allMatch(id -> id >= 0 && id < vocab),
                "special_tokens " + ids + " (seg, end_of_text, pad) are not all below vocab_size " + vocab
                        + "; set maskroute.special_tokens to the tokenizer's ids");
    }

    /** Refuses a size outside of a range, both ends included. */
    public void between(String name, int value, int least, int most) {
        check(value >= least && value <= most, name + " is " + value + ", expected " + least + ".." + most);
    }

    /** Refuses a number that is not above 0. */
    public void positive(String name, double value) {
        check(value > 0 && Double.isFinite(value), name + " is " + value + ", expected a number above 0");
    }

    /** Refuses a divisor that leaves a rest. */
    public void divides(String name, int divisor, String of, int whole) {
        check(divisor >= 1 && whole % divisor == 0, name + " " + divisor + " does not divide " + of + " " + whole);
    }

    /** Refuses what does not hold, with a message that names the file. */
    public void check(boolean holds, String message) {
        if (!holds) {
            throw new UnusableInputException(where + ": " + message);
        }
    }
}
