package io.maskroute.datasets.mask;

/** A mask, polygon or run-length encoding that cannot be one. The message is one line saying what is wrong with it. */
public class InvalidRleException extends RuntimeException {
    public InvalidRleException(String message) {
        super(message);
    }
}
