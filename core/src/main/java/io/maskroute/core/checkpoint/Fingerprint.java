package io.maskroute.core.checkpoint;

import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeSet;

/**
 * A name for what a model computes: SHA-256 over its configuration, its tokenizer and every tensor the forward pass reads.
 * How the tensors are spread over files, what else the files hold and how {@code config.json} is laid out make no difference.
 *
 * <p>Cost: one sequential read of the weights, at about 1 GB/s where the CPU has SHA instructions; once per process.
 */
public final class Fingerprint {
    private static final int CHUNK_BYTES = 1 << 22;

    private Fingerprint() {}

    /**
     * @param weights as from {@link ModelFolder#openWeights()}
     * @return 64 hexadecimal digits
     */
    public static String of(ModelFolder model, TensorSource weights) {
        MessageDigest digest = sha256();
        section(digest, "config", ModelConfigJson.toBytes(model.config()));
        section(digest, "tokenizer", model.tokenizer().json());
        TreeSet<String> keys = new TreeSet<>(
                WeightCoverage.of(StateDict.expected(model.config()), weights).matched());
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        for (String key : keys) {
            TensorInfo info = weights.info(key);
            section(digest, key, info.toString().getBytes(StandardCharsets.UTF_8));
            for (long at = 0; at < info.byteLength(); at += chunk.limit()) {
                chunk.clear().limit((int) Math.min(CHUNK_BYTES, info.byteLength() - at));
                weights.read(key, at, chunk);
                digest.update(chunk.flip());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Lengths in front keep two different sequences of sections from being the same bytes. */
    private static void section(MessageDigest digest, String name, byte[] content) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(8)
                .putInt(nameBytes.length)
                .putInt(content.length)
                .flip());
        digest.update(nameBytes);
        digest.update(content);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
