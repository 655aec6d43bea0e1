package io.maskroute.job.cli;

/** What commands say of {@code --device}. */
final class DeviceOption {
    static final String OF_RUNS =
            "auto (GPUs where there are any, else the CPU), cpu, gpu (those that Spark assigned, or all of this"
                    + " machine), or cuda:N[,M...].";

    private DeviceOption() {}
}
