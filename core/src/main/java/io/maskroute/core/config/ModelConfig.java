package io.maskroute.core.config;

import java.util.List;

/**
 * Every size of a model: an LLM between a Swin backbone and a mask decoder. What the original code hard-codes or keeps in YAML is a
 * field here, so that one code path serves the published size and any smaller one.
 *
 * @param visualTokens what the model's family has of its own
 * @param minScore 0..1: a referring prompt whose best mask scores less has no mask for an answer; 0, PSALM's way, always gives the
 *     best mask
 */
public record ModelConfig(
        Image image,
        Swin swin,
        VisualTokens visualTokens,
        Llm llm,
        PixelDecoder pixelDecoder,
        MaskDecoder maskDecoder,
        SpecialTokens specialTokens,
        double minScore) {

    /** With PSALM's way of answering: the best mask, whatever its score. */
    public ModelConfig(
            Image image,
            Swin swin,
            VisualTokens visualTokens,
            Llm llm,
            PixelDecoder pixelDecoder,
            MaskDecoder maskDecoder,
            SpecialTokens specialTokens) {
        this(image, swin, visualTokens, llm, pixelDecoder, maskDecoder, specialTokens, 0);
    }

    /** The same model with another {@link #minScore}. */
    public ModelConfig withMinScore(double score) {
        return new ModelConfig(image, swin, visualTokens, llm, pixelDecoder, maskDecoder, specialTokens, score);
    }

    /** The same model with another number of mask tokens. */
    public ModelConfig withMaskTokens(int queries) {
        MaskDecoder other = new MaskDecoder(
                maskDecoder.dim(), maskDecoder.heads(), maskDecoder.layers(), maskDecoder.ffn(), queries);
        return new ModelConfig(image, swin, visualTokens, llm, pixelDecoder, other, specialTokens, minScore);
    }

    /**
     * Side in positions of the square Swin map of a stage: 2 for res2 … 5 for res5. Patches and halvings that do not come out
     * even are padded.
     */
    public int mapSide(int stage) {
        int side = (image.size() - 1) / swin.patch() + 1;
        for (int s = 2; s < stage; s++) {
            side = (side + 1) / 2;
        }
        return side;
    }

    /** Side of the square grid of image tokens. */
    public int imageTokenSide() {
        return visualTokens.gridSide(this);
    }

    /** Visual tokens of a picture, those of the grid and the latents. */
    public int imageTokens() {
        return imageTokenSide() * imageTokenSide() + visualTokens.latents();
    }

    /**
     * @param size side in pixels of the square the picture is fitted into
     * @param mean per channel (RGB), on 0..255 values
     * @param std per channel (RGB), on 0..255 values
     * @param padValue 0..255, written right of and below the picture before normalisation
     */
    public record Image(int size, List<Double> mean, List<Double> std, int padValue) {}

    /**
     * @param embedDim channels of the first stage; they double at each following stage
     * @param depths blocks per stage (four stages, giving res2..res5)
     * @param heads attention heads per stage
     * @param window side of the attention window; odd blocks shift by half of it, rounded down
     * @param mlpRatio FFN width over channels
     * @param patch side in pixels of a patch
     * @param layerNormEps of every LayerNorm in the backbone
     * @param absolutePosition whether a learned embedding of its place is added to each patch (Swin's {@code ape}; PSALM has none)
     */
    public record Swin(
            int embedDim,
            List<Integer> depths,
            List<Integer> heads,
            int window,
            int mlpRatio,
            int patch,
            double layerNormEps,
            boolean absolutePosition) {

        /** As PSALM has it: a patch does not know its place. */
        public Swin(
                int embedDim,
                List<Integer> depths,
                List<Integer> heads,
                int window,
                int mlpRatio,
                int patch,
                double layerNormEps) {
            this(embedDim, depths, heads, window, mlpRatio, patch, layerNormEps, false);
        }

        /** Channels of stage {@code s} (0..3). */
        public int channels(int s) {
            return embedDim << s;
        }
    }

    /**
     * Phi.
     *
     * @param hidden width d
     * @param ffn inner width of the FFN
     * @param rotaryDim leading channels of each head that are rotated (even)
     * @param vocab rows of the embedding table
     */
    public record Llm(
            int hidden,
            int ffn,
            int layers,
            int heads,
            int rotaryDim,
            int vocab,
            double layerNormEps,
            double ropeTheta,
            int maxPositions) {
        public int headDim() {
            return hidden / heads;
        }
    }

    /**
     * @param convDim channels inside the pixel decoder
     * @param maskDim channels of the mask features
     * @param layers deformable encoder layers
     * @param ffn inner width of their FFN
     * @param points sampling points per head and level
     */
    public record PixelDecoder(int convDim, int maskDim, int heads, int layers, int ffn, int points) {}

    /**
     * @param layers decoder layers (PSALM's DEC_LAYERS minus one)
     * @param queries number of mask tokens
     */
    public record MaskDecoder(int dim, int heads, int layers, int ffn, int queries) {}

    /** Token ids in the tokenizer's vocabulary. */
    public record SpecialTokens(int seg, int endOfText, int pad) {}
}
