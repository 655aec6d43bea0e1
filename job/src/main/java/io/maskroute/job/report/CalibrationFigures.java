package io.maskroute.job.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the page of a calibration shows.
 *
 * @param facts name and value, as shown
 */
public record CalibrationFigures(String title, List<Layer> layers, Map<String, String> facts) {
    public CalibrationFigures {
        layers = List.copyOf(layers);
    }

    /**
     * @param layer counted from 0
     * @param attention share of the mask tokens' attention that falls on image tokens, or NaN
     * @param stride of the schedule; 1 = dense
     * @param maskTokens whether the schedule has them in this layer
     * @param fits by stride
     */
    public record Layer(int layer, double attention, int stride, boolean maskTokens, List<Fit> fits) {
        public Layer {
            fits = List.copyOf(fits);
        }

        /** The projector for a stride, if there is one. */
        Optional<Fit> fit(int wanted) {
            return fits.stream().filter(fit -> fit.stride() == wanted).findFirst();
        }
    }

    /** Relative errors on held-out pictures: untrained, without the delta term, and all of the projector. */
    public record Fit(int stride, double untrained, double projector, double fitted) {}
}
