package io.maskroute.core.segmenter;

/** The device refuses all further work of this process, as CUDA does after an illegal memory access. */
public final class DeviceLostException extends RuntimeException {
    public DeviceLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
