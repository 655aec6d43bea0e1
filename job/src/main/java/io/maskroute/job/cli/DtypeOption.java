package io.maskroute.job.cli;

/** What every command says of {@code --dtype}. */
final class DtypeOption {
    static final String DESCRIPTION =
            "auto (bf16 on GPUs of compute capability 8.0 or more, else fp32), fp32, bf16 or fp16.";

    private DtypeOption() {}
}
