package io.maskroute.core.torchscript;

/** Element types, by the number PyTorch's {@code c10::ScalarType} gives them; TorchScript takes a dtype as this number. */
public enum TorchType {
    UINT8(0),
    INT32(3),
    INT64(4),
    FLOAT16(5),
    FLOAT32(6),
    FLOAT64(7),
    BOOL(11),
    BFLOAT16(15);

    private final int code;

    TorchType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
