package io.maskroute.core.torchscript;

import com.sun.jna.NativeLibrary;

/**
 * PyTorch's own log, which goes to the terminal past every logging framework. Where a processor's caches are hidden it warns once a
 * convolution that NNPACK cannot be used, a library that only makes some of them faster. Python programs turn it down by
 * {@code TORCH_CPP_LOG_LEVEL}, which only PyTorch's Python reads.
 */
final class TorchLog {
    private static final String LIBRARY = "c10";
    private static final String LEVEL = "FLAGS_caffe2_log_level";
    private static final int ERROR = 2;

    private TorchLog() {}

    /** To be called when PyTorch is loaded. Where its build has no such variable nothing changes. */
    static void errorsAlone() {
        try {
            NativeLibrary.getInstance(LIBRARY).getGlobalVariableAddress(LEVEL).setInt(0, ERROR);
        } catch (UnsatisfiedLinkError e) {
            // A log is no reason not to run.
            return;
        }
    }
}
