package io.maskroute.job.calibrate;

import io.maskroute.core.calibration.DensePass;
import io.maskroute.core.model.LoadedModel;
import io.maskroute.core.torchscript.TorchProgram;
import io.maskroute.job.config.ModelOptions;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The dense models of this JVM: each is loaded once, by the first task that asks. They live as long as the executor; in local
 * mode, where driver and executor are one JVM, until the command ends.
 */
final class CalibrationModels {
    private static final Map<ModelOptions, DensePass> MODELS = new HashMap<>();
    private static TorchProgram solver;

    private CalibrationModels() {}

    /**
     * Ready for this thread. A pass serves one thread at a time: hold its monitor.
     *
     * @param options with a device of this machine
     */
    static synchronized DensePass get(ModelOptions options) {
        DensePass pass = MODELS.computeIfAbsent(
                options,
                o -> new DensePass(
                        LoadedModel.open(Path.of(o.path()), o.segmenter().build())));
        // Not before the first program is loaded: PyTorch is not there until then.
        TorchProgram.enterThread(0);
        return pass;
    }

    /**
     * Has the next task load the model anew. The pass is left to itself and not closed: other tasks may be in it, and what it
     * holds is on a device that is lost.
     */
    static synchronized void forget(ModelOptions options) {
        MODELS.remove(options);
    }

    /** On the CPU, whose LAPACK every libtorch has; for any number of threads. */
    static synchronized TorchProgram solver() {
        if (solver == null) {
            solver = TorchProgram.load("cpu");
        }
        TorchProgram.enterThread(0);
        return solver;
    }

    /** Closes what this JVM holds; a no-op on the driver of a cluster. */
    static synchronized void closeAll() {
        MODELS.values().forEach(DensePass::close);
        MODELS.clear();
        if (solver != null) {
            solver.close();
            solver = null;
        }
    }
}
