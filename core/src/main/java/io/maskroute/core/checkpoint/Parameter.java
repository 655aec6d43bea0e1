package io.maskroute.core.checkpoint;

import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorInfo;

/**
 * A tensor that a checkpoint has under {@code key}.
 *
 * @param info its shape; {@code F32} stands for any floating-point type, {@code I64} for any integer type
 * @param required false for what PSALM stores but the forward pass derives or never reads
 */
public record Parameter(String key, TensorInfo info, Role role, boolean required) {
    /** What a tensor is, as far as filling it with random numbers goes. */
    public enum Role {
        /** Linear ([out, in]) or convolution ([out, in, h, w]) weight. */
        WEIGHT,
        BIAS,
        /** Scale of a LayerNorm, GroupNorm or BatchNorm. */
        NORM_SCALE,
        NORM_SHIFT,
        RUNNING_MEAN,
        RUNNING_VAR,
        /** A table whose rows are added or looked up: tokens, queries, levels. */
        EMBEDDING,
        /** Swin's relative position biases, one per offset and head. */
        POSITION_BIAS,
        /** Swin's embedding of absolute places, one vector a patch. */
        PLACE,
        /** Bias of the deformable attention's sampling offsets: where a head looks at first. */
        SAMPLING_OFFSETS,
        /** A buffer that training keeps and inference does not need. */
        BUFFER
    }

    /** True when {@code found} can serve: same shape and same kind of number. */
    boolean accepts(TensorInfo found) {
        return info.hasShape(found.shape())
                && found.dtype().isFloating() == info.dtype().isFloating()
                && found.dtype() != DType.BOOL;
    }
}
