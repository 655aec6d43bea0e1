package io.maskroute.job.config;

/** The command line or the configuration is wrong: one line for the user, exit code 1. */
public final class ConfigurationException extends RuntimeException {
    public ConfigurationException(String message) {
        super(message);
    }

    ConfigurationException(String message, Throwable cause) {
        super(message, cause);
    }
}
