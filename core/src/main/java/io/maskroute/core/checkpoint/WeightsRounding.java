package io.maskroute.core.checkpoint;

import io.maskroute.core.safetensors.DType;
import java.util.Locale;
import java.util.Optional;

/**
 * What weights are rounded to when they are read, whatever the model then computes in. PSALM's evaluation loads its weights in
 * fp16 and computes in fp32, so its published figures are those of rounded weights, statistics of batch normalisation included.
 */
public enum WeightsRounding {
    NONE(null),
    FP16(DType.F16);

    private final DType dtype;

    WeightsRounding(DType dtype) {
        this.dtype = dtype;
    }

    Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** {@code none} or {@code fp16}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
