package io.maskroute.job.run;

/**
 * Fails the task and ends the executor's process, so that Spark starts a fresh one: to Spark any error of the virtual machine but
 * a stack overflow is fatal. The only way to get a device back from native code that hangs.
 */
final class ExecutorEndsError extends VirtualMachineError {
    private static final long serialVersionUID = 1;

    ExecutorEndsError(PredictorLostException cause) {
        super(cause.getMessage(), cause);
    }
}
