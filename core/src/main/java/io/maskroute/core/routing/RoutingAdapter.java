package io.maskroute.core.routing;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A schedule with the projectors' tensors, checked against a model: a folder with {@code routing.json} and {@code
 * routing.safetensors}, or a bare {@code routing.json}, whose projectors are untrained (scale 1, up 0: the others copy their
 * proxy's change).
 */
public final class RoutingAdapter implements AutoCloseable {
    public static final String SCHEDULE_FILE = "routing.json";
    public static final String TENSORS_FILE = "routing.safetensors";
    private static final String DENSE_FINGERPRINT = "dense";
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int FAULTS_SHOWN = 8;

    private final RoutingSchedule schedule;
    private final TensorSource tensors;
    private final String fingerprint;

    private RoutingAdapter(RoutingSchedule schedule, TensorSource tensors, String fingerprint) {
        this.schedule = schedule;
        this.tensors = tensors;
        this.fingerprint = fingerprint;
    }

    /** The identity. */
    public static RoutingAdapter dense() {
        return new RoutingAdapter(RoutingSchedule.dense(), null, DENSE_FINGERPRINT);
    }

    /**
     * @param path an adapter folder or a schedule file
     * @throws UnusableInputException when a file is missing or faulty, the schedule does not fit the model, or tensors are
     *     missing, unexpected, mis-shaped or not floating point
     */
    public static RoutingAdapter open(Path path, ModelConfig model) {
        RoutingAdapter adapter = open(path, model.llm());
        try {
            int side = model.imageTokenSide();
            RoutingPlan.checkKept(adapter.schedule(), side * side, path.toString());
            return adapter;
        } catch (UnusableInputException e) {
            adapter.close();
            throw e;
        }
    }

    /** The same for an LLM on its own, which may be given any number of image tokens. */
    public static RoutingAdapter open(Path path, ModelConfig.Llm llm) {
        boolean folder = Files.isDirectory(path);
        Path scheduleFile = folder ? path.resolve(SCHEDULE_FILE) : path;
        if (folder && !Files.exists(scheduleFile)) {
            throw new UnusableInputException(
                    path + ": no " + SCHEDULE_FILE + " in this folder; give a routing adapter or a schedule file");
        }
        RoutingSchedule schedule = RoutingScheduleReader.read(scheduleFile);
        RoutingPlan.checkFits(schedule, llm, scheduleFile.toString());
        Map<String, List<Long>> expected = AdapterSpec.expected(schedule, llm);
        Path tensorsFile = path.resolve(TENSORS_FILE);
        if (!folder || (expected.isEmpty() && !Files.exists(tensorsFile))) {
            return new RoutingAdapter(schedule, null, fingerprint(schedule, llm, Map.of(), null));
        }
        if (!Files.exists(tensorsFile)) {
            throw new UnusableInputException(path + ": no " + TENSORS_FILE + " in this folder; give " + scheduleFile
                    + " itself to run with untrained projectors");
        }
        TensorSource tensors = Safetensors.open(tensorsFile);
        try {
            Map<String, List<Long>> present = present(tensors, expected, AdapterSpec.optional(schedule, llm));
            check(tensors, present);
            return new RoutingAdapter(schedule, tensors, fingerprint(schedule, llm, present, tensors));
        } catch (RuntimeException e) {
            tensors.close();
            throw e;
        }
    }

    public RoutingSchedule schedule() {
        return schedule;
    }

    /**
     * The tensors that {@link AdapterSpec} names, open until {@link #close}; empty when the projectors are untrained or there
     * are none.
     */
    public Optional<TensorSource> tensors() {
        return Optional.ofNullable(tensors);
    }

    /**
     * SHA-256, in hex, over the canonical schedule and then each tensor's name, type, shape and bytes in the order of {@link
     * AdapterSpec}; {@code dense} when nothing is routed.
     */
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public void close() {
        if (tensors != null) {
            tensors.close();
        }
    }

    /** The optional tensors that the file holds, behind the others. */
    private static Map<String, List<Long>> present(
            TensorSource tensors, Map<String, List<Long>> expected, Map<String, List<Long>> optional) {
        Map<String, List<Long>> present = new LinkedHashMap<>(expected);
        optional.forEach((name, shape) -> {
            if (tensors.names().contains(name)) {
                present.put(name, shape);
            }
        });
        return present;
    }

    private static void check(TensorSource tensors, Map<String, List<Long>> expected) {
        List<String> faults = new ArrayList<>();
        expected.forEach((name, shape) -> {
            if (!tensors.names().contains(name)) {
                faults.add(name + " is missing");
                return;
            }
            TensorInfo info = tensors.info(name);
            if (!info.hasShape(shape.stream().mapToLong(Long::longValue).toArray())) {
                faults.add(name + " has shape " + Arrays.toString(info.shape()) + " instead of " + shape);
            } else if (!info.dtype().isFloating()) {
                faults.add(name + " holds " + info.dtype() + " instead of floating point numbers");
            }
        });
        for (String name : tensors.names()) {
            if (!expected.containsKey(name)) {
                faults.add(name.replaceAll("\\s+", " ") + " is not expected");
            }
        }
        if (!faults.isEmpty()) {
            int more = faults.size() - FAULTS_SHOWN;
            throw new UnusableInputException(tensors.origin() + ": does not fit " + SCHEDULE_FILE + " and the model: "
                    + String.join("; ", faults.subList(0, Math.min(faults.size(), FAULTS_SHOWN)))
                    + (more > 0 ? "; and " + more + " more" : "")
                    + ". Use the adapter made for this model and schedule");
        }
    }

    private static String fingerprint(
            RoutingSchedule schedule, ModelConfig.Llm llm, Map<String, List<Long>> expected, TensorSource tensors) {
        if (schedule.isDense(llm.layers())) {
            return DENSE_FINGERPRINT;
        }
        MessageDigest digest = sha256();
        digest.update(RoutingScheduleWriter.canonical(schedule).getBytes(StandardCharsets.UTF_8));
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        expected.forEach((name, shape) -> {
            TensorInfo info = tensors.info(name);
            digest.update(("\n" + name + " " + info.dtype() + " " + shape + "\n").getBytes(StandardCharsets.UTF_8));
            for (long offset = 0; offset < info.byteLength(); offset += chunk.limit()) {
                chunk.clear().limit((int) Math.min(chunk.capacity(), info.byteLength() - offset));
                tensors.read(name, offset, chunk);
                digest.update(chunk.flip());
            }
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
