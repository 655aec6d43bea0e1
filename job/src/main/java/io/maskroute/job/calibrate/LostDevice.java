package io.maskroute.job.calibrate;

import ai.djl.engine.EngineException;
import io.maskroute.core.error.Stage;
import io.maskroute.core.model.EngineFailure;
import io.maskroute.core.segmenter.DeviceLostException;
import io.maskroute.core.segmenter.DeviceOutOfMemoryException;
import io.maskroute.job.config.ModelOptions;
import org.apache.spark.SparkEnv;

/**
 * What follows when the device refuses all further work of this process, as CUDA does after some errors: every further attempt in
 * it would fail, with a new model too.
 */
final class LostDevice {
    private static final String DRIVER = "driver";

    private LostDevice() {}

    /**
     * Fails the task and ends the executor's process, so that Spark starts a fresh one: to Spark any error of the virtual machine
     * but a stack overflow is fatal.
     */
    static final class ExecutorEnds extends VirtualMachineError {
        private static final long serialVersionUID = 1;

        ExecutorEnds(DeviceLostException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** Whether driver and executor are one JVM, which must live on. */
    static boolean isLocal() {
        return SparkEnv.get().executorId().equals(DRIVER);
    }

    /**
     * What a task ends with that failed as no picture explains.
     *
     * @param model that it ran
     * @throws ExecutorEnds when the device is lost, and the executor with it
     */
    static RuntimeException after(RuntimeException failure, ModelOptions model, boolean local) {
        if (!(classified(failure) instanceof DeviceLostException lost)) {
            return failure;
        }
        CalibrationModels.forget(model);
        if (local) {
            return lost;
        }
        throw new ExecutorEnds(lost);
    }

    /** Sums are not taken by the model, whose failures are told apart already: what they throw is the engine's own. */
    private static RuntimeException classified(RuntimeException failure) {
        if (failure instanceof EngineException engine) {
            try {
                EngineFailure.of(Stage.PREFIX, engine);
            } catch (DeviceLostException | DeviceOutOfMemoryException e) {
                return e;
            }
        }
        return failure;
    }
}
