package io.maskroute.job.calibrate;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.maskroute.core.calibration.FittedProjector;
import io.maskroute.core.calibration.FittedProjector.Errors;
import io.maskroute.core.calibration.ProjectorUnit;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a calibration has finished: one safetensors file per projector with its errors in the header, what the prompts gave, and
 * what all of it was made from. A file has its name only when it is complete.
 */
final class WorkFolder {
    private static final String STATE = "calibration-state.json";
    private static final String TOTALS = "totals.json";
    private static final String PROJECTORS = "layer-";

    private final Path folder;

    private WorkFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * What the folder's contents depend on.
     *
     * @param orientation of the pictures; work of before it was recorded kept them as stored
     * @param projectors ranks, or the schedule they come from
     */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record State(
            int format,
            String modelFingerprint,
            String dtype,
            String dataset,
            ExifOrientation orientation,
            String images,
            long pictures,
            long heldOut,
            String projectors,
            double ridge) {
        static final int FORMAT = 1;

        State {
            orientation = orientation == null ? ExifOrientation.STORED : orientation;
        }
    }

    /** Sums by name, of the first pass. */
    record Totals(Map<String, double[]> sums) {}

    /**
     * Makes the folder, or opens it for more.
     *
     * @throws UnusableInputException when it holds the work of something else
     */
    static WorkFolder open(Path path, State state, boolean fresh) {
        WorkFolder work = new WorkFolder(path);
        Path file = path.resolve(STATE);
        try {
            if (fresh) {
                work.delete();
            }
            Files.createDirectories(path);
            if (Files.exists(file)) {
                State other = Json.read(file, State.class);
                if (!other.equals(state)) {
                    throw new UnusableInputException(path + " holds the work of another calibration (" + other
                            + "); give --fresh to start over, or another folder");
                }
            } else {
                work.write(STATE, state);
            }
            return work;
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be written: " + Reason.of(e), e);
        }
    }

    Optional<Totals> totals() {
        Path file = folder.resolve(TOTALS);
        return Files.exists(file) ? Optional.of(Json.read(file, Totals.class)) : Optional.empty();
    }

    void put(Totals totals) throws IOException {
        write(TOTALS, totals);
    }

    private void write(String name, Object record) throws IOException {
        Path partial = folder.resolve(name + ".partial");
        Files.write(partial, Json.write(record));
        Files.move(partial, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    boolean has(ProjectorUnit unit) {
        return Files.exists(file(unit));
    }

    private Path file(ProjectorUnit unit) {
        return folder.resolve(PROJECTORS + unit.layer() + "-stride-" + unit.stride() + ".safetensors");
    }

    void put(FittedProjector projector) throws IOException {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        tensors.put("scale", projector.scale());
        tensors.put("down", projector.down());
        tensors.put("up", projector.up());
        tensors.put("bias", projector.bias());
        tensors.put("delta_down", projector.deltaDown());
        tensors.put("delta_up", projector.deltaUp());
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        tensors.forEach((name, values) -> infos.put(name, TensorInfo.of(DType.F32, values.length)));
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(file(projector.unit()), infos, metadata(projector.errors()))) {
            for (Map.Entry<String, float[]> tensor : tensors.entrySet()) {
                writer.writeFloats(tensor.getKey(), tensor.getValue());
            }
            writer.finish();
        }
    }

    private static Map<String, String> metadata(Errors errors) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("untrained", Double.toString(errors.untrained()));
        metadata.put("projector", Double.toString(errors.projector()));
        metadata.put("fitted", Double.toString(errors.fitted()));
        metadata.put("fitted_on_training", Double.toString(errors.fittedOnTraining()));
        metadata.put("damage", Double.toString(errors.damage()));
        metadata.put("followers", Long.toString(errors.followers()));
        metadata.put("held_out_followers", Long.toString(errors.heldOutFollowers()));
        return metadata;
    }

    FittedProjector get(ProjectorUnit unit) {
        try (Safetensors file = Safetensors.open(file(unit))) {
            return new FittedProjector(
                    unit,
                    file.floats("scale"),
                    file.floats("down"),
                    file.floats("up"),
                    file.floats("bias"),
                    file.floats("delta_down"),
                    file.floats("delta_up"),
                    errors(file));
        }
    }

    /** Without reading the tensors. */
    Errors errors(ProjectorUnit unit) {
        try (Safetensors file = Safetensors.open(file(unit))) {
            return errors(file);
        }
    }

    private static Errors errors(Safetensors file) {
        Map<String, String> metadata = file.metadata();
        return new Errors(
                Double.parseDouble(metadata.get("untrained")),
                Double.parseDouble(metadata.get("projector")),
                Double.parseDouble(metadata.get("fitted")),
                Double.parseDouble(metadata.get("fitted_on_training")),
                Double.parseDouble(metadata.get("damage")),
                Long.parseLong(metadata.get("followers")),
                Long.parseLong(metadata.get("held_out_followers")));
    }

    /** Removes what this class has written, and the folder if nothing else is in it. */
    void delete() throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                boolean ours = name.startsWith(STATE) || name.startsWith(TOTALS) || name.startsWith(PROJECTORS);
                if (ours && !name.equals(STATE)) {
                    Files.delete(file);
                }
            }
        }
        // Last: without it, projectors that are left would be taken for those of the next calibration.
        Files.deleteIfExists(folder.resolve(STATE));
        try {
            Files.delete(folder);
        } catch (IOException e) {
            // Somebody else's files are in it.
        }
    }
}
