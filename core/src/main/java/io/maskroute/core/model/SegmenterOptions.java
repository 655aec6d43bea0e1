package io.maskroute.core.model;

import io.maskroute.core.checkpoint.WeightsRounding;
import io.maskroute.core.torchscript.TorchType;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How a model is opened.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param dtype of the vision encoder and the LLM
 * @param routing a schedule file or an adapter folder; empty for the dense model
 * @param threads that one operator may use; 0 leaves PyTorch's choice
 * @param promptBatch prompts of a call, of whichever of its pictures, that run through the LLM at once, at least 1
 * @param allowPartial lets weights pass that do not match the model; what is missing is zero
 * @param weightsRounding of what is stored, before it is converted to {@code dtype}
 * @param tf32 whether a GPU may round the factors of fp32 products to TF32
 * @param union see {@link io.maskroute.core.task.AnswerRule}
 * @param minScore 0..1, in place of {@code ModelConfig.minScore}; empty for the model's own
 * @param maxMasks of a prompt, the best ones; at least 1
 */
public record SegmenterOptions(
        String device,
        Dtype dtype,
        Optional<Path> routing,
        int threads,
        int promptBatch,
        boolean allowPartial,
        WeightsRounding weightsRounding,
        boolean tf32,
        OptionalDouble union,
        OptionalDouble minScore,
        int maxMasks) {

    private static final int CPU_PROMPT_BATCH = 16;
    /** Fewer leave a GPU waiting for its next kernel. */
    private static final int GPU_PROMPT_BATCH = 64;

    public SegmenterOptions {
        if (threads < 0 || promptBatch < 1 || maxMasks < 1 || !(minScore.orElse(0) >= 0 && minScore.orElse(0) <= 1)) {
            throw new IllegalArgumentException("threads " + threads + ", promptBatch " + promptBatch + ", minScore "
                    + minScore + ", maxMasks " + maxMasks);
        }
    }

    /** Number formats a model runs in. */
    public enum Dtype {
        FP32(TorchType.FLOAT32),
        BF16(TorchType.BFLOAT16),
        FP16(TorchType.FLOAT16);

        private final TorchType type;

        Dtype(TorchType type) {
            this.type = type;
        }

        public TorchType type() {
            return type;
        }

        /** {@code fp32}, {@code bf16} or {@code fp16}. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Starts from fp32 on the CPU, dense. */
    public static final class Builder {
        private String device = "cpu";
        private Dtype dtype = Dtype.FP32;
        private Path routing;
        private int threads;
        private Integer promptBatch;
        private boolean allowPartial;
        private WeightsRounding weightsRounding = WeightsRounding.NONE;
        private boolean tf32;
        private OptionalDouble union = OptionalDouble.empty();
        private OptionalDouble minScore = OptionalDouble.empty();
        private int maxMasks = Integer.MAX_VALUE;

        private Builder() {}

        public Builder setDevice(String device) {
            this.device = device;
            return this;
        }

        public Builder setDtype(Dtype dtype) {
            this.dtype = dtype;
            return this;
        }

        /** @param routing null for the dense model */
        public Builder setRouting(Path routing) {
            this.routing = routing;
            return this;
        }

        public Builder setThreads(int threads) {
            this.threads = threads;
            return this;
        }

        /** Without it, what goes well with the device. */
        public Builder setPromptBatch(int promptBatch) {
            this.promptBatch = promptBatch;
            return this;
        }

        public Builder setAllowPartial(boolean allowPartial) {
            this.allowPartial = allowPartial;
            return this;
        }

        public Builder setWeightsRounding(WeightsRounding weightsRounding) {
            this.weightsRounding = weightsRounding;
            return this;
        }

        public Builder setTf32(boolean tf32) {
            this.tf32 = tf32;
            return this;
        }

        /** Without it, the best mask answers a referring prompt. */
        public Builder setUnion(double threshold) {
            this.union = OptionalDouble.of(threshold);
            return this;
        }

        public Builder setMinScore(double minScore) {
            this.minScore = OptionalDouble.of(minScore);
            return this;
        }

        /** Without it, all of them. */
        public Builder setMaxMasks(int maxMasks) {
            this.maxMasks = maxMasks;
            return this;
        }

        public SegmenterOptions build() {
            int batch = device.equals("cpu") ? CPU_PROMPT_BATCH : GPU_PROMPT_BATCH;
            return new SegmenterOptions(
                    device,
                    dtype,
                    Optional.ofNullable(routing),
                    threads,
                    promptBatch == null ? batch : promptBatch,
                    allowPartial,
                    weightsRounding,
                    tf32,
                    union,
                    minScore,
                    maxMasks);
        }
    }
}
