package io.maskroute.job.run;

/** The model of this JVM answers no more: its thread hangs in native code or the device refuses all work. No row explains it. */
final class PredictorLostException extends RuntimeException {
    PredictorLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
