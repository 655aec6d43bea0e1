package io.maskroute.core.calibration;

/**
 * What prompts did, as sums that may be added element by element: per layer the three of {@code suffix_attention}, then the
 * numbers of prompts, mask tokens and text tokens of the prompts' own.
 */
public final class PromptSums {
    private static final int PER_LAYER = 3;
    private static final int TOTALS = 3;

    private final int layers;
    private final double[] sums;

    public PromptSums(int layers) {
        this.layers = layers;
        this.sums = new double[PER_LAYER * layers + TOTALS];
    }

    /** @param sums {@link #values} of other sums for a model of as many layers */
    public PromptSums(int layers, double[] sums) {
        if (sums.length != PER_LAYER * layers + TOTALS) {
            throw new IllegalArgumentException(sums.length + " sums for " + layers + " layers");
        }
        this.layers = layers;
        this.sums = sums.clone();
    }

    void add(double[] perLayer, long prompts, long maskTokens, long ownText) {
        for (int i = 0; i < perLayer.length; i++) {
            sums[i] += perLayer[i];
        }
        sums[PER_LAYER * layers] += prompts;
        sums[PER_LAYER * layers + 1] += maskTokens;
        sums[PER_LAYER * layers + 2] += ownText;
    }

    public double[] values() {
        return sums.clone();
    }

    public long prompts() {
        return (long) sums[PER_LAYER * layers];
    }

    /** Text tokens of a prompt's own, on average; 0 without prompts. */
    public double meanOwnText() {
        return prompts() == 0 ? 0 : sums[PER_LAYER * layers + 2] / prompts();
    }

    /** Share of the mask tokens' attention that falls on image tokens in a layer: mean over heads, mask tokens and prompts. */
    public double attention(int layer) {
        return sums[PER_LAYER * layer] / sums[PER_LAYER * layers + 1];
    }

    /** {@code sum |change|^2 / sum |x|^2} of the mask tokens, x after the layer. */
    public double change(int layer) {
        return sums[PER_LAYER * layer + 1] / sums[PER_LAYER * layer + 2];
    }

    /**
     * What mask tokens lose that skip this layer: the relative energy of its change, as far as it can come from the image.
     */
    public double damage(int layer) {
        return attention(layer) * change(layer);
    }
}
