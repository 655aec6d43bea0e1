package io.maskroute.core.torchscript;

import io.maskroute.core.error.UnusableInputException;
import java.util.Map;

/**
 * Whether NVIDIA's libraries may round the factors of fp32 products to TF32's ten bits, which is faster and is not what published
 * figures were made with. PyTorch lets convolutions do so unless told otherwise, and DJL cannot tell it; the variables that can are
 * read when the libraries are loaded, so the first model of a process decides.
 */
final class Tf32 {
    private static final Map<Boolean, Map<String, String>> VARIABLES = Map.of(
            true,
            Map.of("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1"),
            false,
            Map.of("NVIDIA_TF32_OVERRIDE", "0", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "0"));

    private static Boolean chosen;

    private Tf32() {}

    /**
     * To be called before PyTorch is loaded.
     *
     * @param device for which; on a CPU there is no TF32
     * @throws UnusableInputException when this process has loaded PyTorch with the other choice
     */
    static synchronized void choose(boolean allowed, String device) {
        if (device.equals("cpu")) {
            return;
        }
        if (chosen == null) {
            chosen = allowed;
            VARIABLES.get(allowed).forEach(NativeEnvironment::setUnlessSet);
        } else if (chosen != allowed) {
            throw new UnusableInputException("this process has loaded PyTorch with TF32 " + (chosen ? "allowed" : "off")
                    + ", which cannot be changed; run this in a process of its own");
        }
    }
}
