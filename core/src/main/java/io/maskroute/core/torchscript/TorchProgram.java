package io.maskroute.core.torchscript;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import io.maskroute.core.error.UnusableInputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/**
 * The TorchScript program, loaded into this process. Its methods are pure functions of their arguments, so one program serves
 * any number of models. Calls go through a {@link TorchScope}.
 */
public final class TorchProgram implements AutoCloseable {
    private static final String ENGINE = "PyTorch";

    static {
        // Everything DJL needs is on the class path or named by PYTORCH_LIBRARY_PATH; it must not look for more on the
        // network.
        setUnlessSet("ai.djl.offline", "true");
        setUnlessSet("OPT_OUT_TRACKING", "true");
    }

    private final Model model;
    private final PtSymbolBlock block;
    private final String device;
    private final boolean training;

    private TorchProgram(Model model, String device, boolean training) {
        this.model = model;
        this.block = (PtSymbolBlock) model.getBlock();
        this.device = device;
        this.training = training;
    }

    /**
     * @param device {@code cpu} or {@code cuda:N}
     * @throws UnusableInputException when PyTorch cannot be loaded here or there is no such device
     */
    public static TorchProgram load(String device) {
        return load(device, false, false);
    }

    /**
     * As {@link #load(String)}.
     *
     * @param tf32 whether a GPU may round the factors of fp32 products to TF32; the first program of a process on a GPU decides
     */
    public static TorchProgram load(String device, boolean tf32) {
        return load(device, tf32, false);
    }

    /**
     * As {@link #load(String)}, for tensors that take part in gradients. Threads must then choose, with {@link #recordGradients}.
     *
     * @throws UnusableInputException as {@link #load(String)}
     */
    public static TorchProgram loadForTraining(String device) {
        return load(device, false, true);
    }

    private static TorchProgram load(String device, boolean tf32, boolean training) {
        if (!device.matches("cpu|cuda:\\d{1,3}")) {
            throw new UnusableInputException("device " + device + " is not known; use cpu or cuda:N");
        }
        try {
            OneDnnKernels.limitWhereCachesAreHidden();
            Tf32.choose(tf32, device);
            NativeLibraries.load(() -> Engine.getEngine(ENGINE));
            TorchLog.errorsAlone();
        } catch (EngineException | UnsatisfiedLinkError e) {
            throw new UnusableInputException("PyTorch cannot be loaded: " + NativeLibraries.failure(e), e);
        }
        Model model = Model.newInstance("maskroute", Device.cpu(), ENGINE);
        try {
            model.load(new ByteArrayInputStream(ScriptArchive.bytes()));
        } catch (IOException | MalformedModelException e) {
            throw new IllegalStateException("the TorchScript program does not load", e);
        }
        TorchProgram program = new TorchProgram(model, device, training);
        try {
            program.useDevice();
        } catch (UnusableInputException e) {
            program.close();
            throw e;
        }
        return program;
    }

    /** DJL's count of GPUs needs CUDA's runtime library where JNA finds it; PyTorch alone knows what it can use. */
    private void useDevice() {
        try (TorchScope work = scope()) {
            work.floats(work.run("to_device", work.floats(new float[1], 1), work.of(device)));
        } catch (EngineException e) {
            throw new UnusableInputException(
                    "PyTorch cannot use the device " + device + ": "
                            + firstSentence(TorchReason.of(e))
                            + "; choose another device (--device cpu needs none), or supply a libtorch built for CUDA",
                    e);
        }
    }

    /** Version of the loaded libtorch. */
    public static String pytorchVersion() {
        return Engine.getEngine(ENGINE).getVersion();
    }

    /** {@code cpu} or {@code cuda:N}. */
    public String device() {
        return device;
    }

    /**
     * Must be called once on every thread before it runs anything: PyTorch keeps gradient mode and the number of threads per
     * thread, with gradients on.
     *
     * @param intraOpThreads threads that one operator may use; 0 leaves PyTorch's choice
     */
    public static void enterThread(int intraOpThreads) {
        JniUtils.setGradMode(false);
        if (intraOpThreads > 0) {
            JniUtils.setNumThreads(intraOpThreads);
        }
    }

    /**
     * As {@link #enterThread}, for training: PyTorch's graph optimiser, which would compile anew for shapes that change with
     * every step, stays out of it.
     */
    public static void enterTrainingThread(int intraOpThreads) {
        enterThread(intraOpThreads);
        JniUtils.setGraphExecutorOptimize(false);
    }

    /**
     * Whether what this thread runs from now on is recorded for gradients. Weights can only be changed while it is not.
     */
    public static void recordGradients(boolean wanted) {
        JniUtils.setGradMode(wanted);
    }

    /** Opens a scope for calls; close it to free what they returned. */
    public TorchScope scope() {
        return new TorchScope(this, (PtNDManager) NDManager.newBaseManager(Device.cpu(), ENGINE));
    }

    /** Whether tensors take part in gradients. */
    public boolean training() {
        return training;
    }

    PtSymbolBlock block() {
        return block;
    }

    @Override
    public void close() {
        model.close();
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private static String firstSentence(String reason) {
        return reason.replaceFirst("^RuntimeError: (?:CUDA error: )?", "").replaceFirst("[.;](?: .*)?$", "");
    }
}
