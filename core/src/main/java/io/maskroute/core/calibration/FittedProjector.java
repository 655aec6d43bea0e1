package io.maskroute.core.calibration;

import io.maskroute.core.routing.AdapterSpec;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A projector with its errors.
 *
 * @param scale {@code [d]}
 * @param down {@code [r, d]}
 * @param up {@code [d, r]}
 * @param bias {@code [d]}
 * @param deltaDown {@code [q, d]}, empty without a delta term
 * @param deltaUp {@code [d, q]}, empty without a delta term
 */
public record FittedProjector(
        ProjectorUnit unit,
        float[] scale,
        float[] down,
        float[] up,
        float[] bias,
        float[] deltaDown,
        float[] deltaUp,
        Errors errors)
        implements Serializable {

    /** The tensors under the names of {@code routing.safetensors}. */
    public Map<String, float[]> tensors() {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        tensors.put(AdapterSpec.scale(unit.layer()), scale);
        tensors.put(AdapterSpec.down(unit.layer()), down);
        tensors.put(AdapterSpec.up(unit.layer()), up);
        tensors.put(AdapterSpec.bias(unit.layer()), bias);
        if (deltaDown.length > 0) {
            tensors.put(AdapterSpec.deltaDown(unit.layer()), deltaDown);
            tensors.put(AdapterSpec.deltaUp(unit.layer()), deltaUp);
        }
        return tensors;
    }

    /**
     * Relative errors {@code sum |f(h_t) - P|^2 / sum |f(h_t)|^2} over the followers of held-out pictures, unless said
     * otherwise.
     *
     * @param untrained of P(z) = z
     * @param projector of the scale, the low-rank part and the bias, without the delta term
     * @param fitted of all of it
     * @param fittedOnTraining the same on the pictures that it was fitted to
     * @param damage {@code sum |f(h_t) - P|^2} of the followers over {@code sum |x|^2} of all image tokens after the layer
     * @param followers that it was fitted to
     * @param heldOutFollowers that the errors were measured on
     */
    public record Errors(
            double untrained,
            double projector,
            double fitted,
            double fittedOnTraining,
            double damage,
            long followers,
            long heldOutFollowers)
            implements Serializable {}
}
