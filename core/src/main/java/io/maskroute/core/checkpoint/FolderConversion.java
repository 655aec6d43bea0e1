package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.config.JsonFields;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.CastTensors;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.SafetensorsWriter;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Writes a model folder again: its weights in another type, under PSALM's keys, as safetensors in shards, with {@code
 * tokenizer.json}. It streams, so memory does not grow with the model. A shard gets its name when it is whole; the same call goes
 * on behind the shards that an earlier one finished. Of tensors that no part of the model has none is written.
 */
public final class FolderConversion {
    /** Beside the weights: what they were made from. Written first, so that an unfinished folder says whose it is. */
    static final String RECORD = "conversion.json";

    private static final long SHARD_BYTES = 2_000_000_000;
    private static final int CHUNK_BYTES = 1 << 22;
    private static final String FINGERPRINT = "fingerprint";

    /** Small files that say how to use a model; they are copied as they are, where there are any. */
    private static final List<String> COPIED = List.of(
            "generation_config.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "model_card.json");

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final ModelFolder source;
    private final DType dtype;
    private final Path output;
    private final long shardBytes;
    private final Consumer<String> progress;

    /**
     * What was made.
     *
     * @param fingerprint of the new folder, as computed from the old one's rounded weights and again from the new files
     * @param files of weights
     * @param kept how many of them an earlier call had finished
     * @param unknown tensors that no part of the model has
     */
    public record Result(String fingerprint, List<String> files, int kept, List<String> unknown) {}

    /**
     * @param output a new folder, or one that the same conversion has begun
     * @param progress takes a line per shard
     */
    public FolderConversion(ModelFolder source, DType dtype, Path output, Consumer<String> progress) {
        this(source, dtype, output, SHARD_BYTES, progress);
    }

    FolderConversion(ModelFolder source, DType dtype, Path output, long shardBytes, Consumer<String> progress) {
        this.source = source;
        this.dtype = dtype;
        this.output = output;
        this.shardBytes = shardBytes;
        this.progress = progress;
    }

    /**
     * @throws UnusableInputException when the folder is not whole, a weight is not finite (in the new type), the output holds
     *     something else, or what was written does not read as what was converted
     */
    public Result run() {
        WeightCoverage coverage = source.coverage();
        coverage.require(false);
        try (TensorSource weights = CastTensors.of(source.openWeights(), dtype)) {
            requireOurs();
            progress.accept("reading " + source.path());
            String fingerprint = Fingerprint.of(source, weights);
            begin(fingerprint);
            List<String> keys = new ArrayList<>(coverage.matched());
            keys.addAll(coverage.unused());
            List<List<String>> shards = shards(weights, keys);
            List<String> files = new ArrayList<>();
            int kept = 0;
            for (int i = 0; i < shards.size(); i++) {
                String name = name(i, shards.size());
                files.add(name);
                if (Files.exists(output.resolve(name))) {
                    kept++;
                } else {
                    progress.accept("writing " + output.resolve(name));
                    write(weights, shards.get(i), output.resolve(name));
                }
            }
            writeOthers(weights, shards, files);
            progress.accept("checking " + output);
            ModelFolder made = ModelFolder.open(output);
            try (TensorSource written = made.openWeights()) {
                if (!Fingerprint.of(made, written).equals(fingerprint)) {
                    throw new UnusableInputException(output + " does not read as what was converted from "
                            + source.path() + "; the disk or a process beside this one changed it: delete it and"
                            + " convert again");
                }
            }
            return new Result(fingerprint, List.copyOf(files), kept, coverage.unknown());
        } catch (IOException e) {
            throw new UnusableInputException(output + " cannot be written: " + Reason.of(e), e);
        }
    }

    private Path record() {
        return output.resolve(RECORD);
    }

    private void requireOurs() throws IOException {
        if (Files.isDirectory(output) && !Files.exists(record())) {
            try (Stream<Path> content = Files.list(output)) {
                if (content.findAny().isPresent()) {
                    throw new UnusableInputException(
                            output + " holds something else than an unfinished conversion; name a new folder");
                }
            }
        }
    }

    private void begin(String fingerprint) throws IOException {
        if (Files.exists(record())) {
            String begun = JsonFields.read(record()).text(FINGERPRINT, "");
            if (!begun.equals(fingerprint)) {
                throw new UnusableInputException(output + " holds the conversion of another model, or to another type ("
                        + FINGERPRINT + " " + begun + ", now " + fingerprint + "); name a new folder");
            }
            return;
        }
        Files.createDirectories(output);
        replace(
                record(),
                JSON.writerWithDefaultPrettyPrinter()
                        .writeValueAsBytes(JSON.createObjectNode()
                                .put(FINGERPRINT, fingerprint)
                                .put("source", source.path().toString())
                                .put("dtype", dtype.name())));
    }

    /** Consecutive tensors, at most so many bytes together unless one alone is larger. */
    private List<List<String>> shards(TensorSource weights, List<String> keys) {
        List<List<String>> shards = new ArrayList<>();
        long bytes = 0;
        for (String key : keys) {
            long length = weights.info(key).byteLength();
            if (shards.isEmpty() || bytes + length > shardBytes) {
                shards.add(new ArrayList<>());
                bytes = 0;
            }
            shards.get(shards.size() - 1).add(key);
            bytes += length;
        }
        return shards;
    }

    private static String name(int shard, int shards) {
        return shards == 1
                ? "model.safetensors"
                : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", shard + 1, shards);
    }

    private static void write(TensorSource weights, List<String> keys, Path file) throws IOException {
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        keys.forEach(key -> infos.put(key, weights.info(key)));
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of("format", "pt"))) {
            for (String key : keys) {
                long length = infos.get(key).byteLength();
                for (long at = 0; at < length; at += chunk.limit()) {
                    chunk.clear().limit((int) Math.min(CHUNK_BYTES, length - at));
                    weights.read(key, at, chunk);
                    writer.write(key, chunk.flip());
                }
            }
            writer.finish();
        }
    }

    /** The index, which makes a folder of shards a model, comes last. */
    private void writeOthers(TensorSource weights, List<List<String>> shards, List<String> files) throws IOException {
        ObjectNode config =
                (ObjectNode) JSON.readTree(Files.readAllBytes(source.path().resolve("config.json")));
        config.put("torch_dtype", torchName());
        replace(
                output.resolve("config.json"),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
        for (String name : COPIED) {
            if (Files.isRegularFile(source.path().resolve(name))) {
                replace(output.resolve(name), Files.readAllBytes(source.path().resolve(name)));
            }
        }
        replace(output.resolve(TokenizerJson.FILE), source.tokenizer().json());
        if (shards.size() > 1) {
            ObjectNode index = JSON.createObjectNode();
            ObjectNode map = JSON.createObjectNode();
            long total = 0;
            for (int i = 0; i < shards.size(); i++) {
                for (String key : shards.get(i)) {
                    total += weights.info(key).byteLength();
                    map.put(key, files.get(i));
                }
            }
            index.putObject("metadata").put("total_size", total);
            index.set("weight_map", map);
            replace(
                    output.resolve("model.safetensors.index.json"),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(index));
        }
    }

    /** transformers' name of the type. */
    private String torchName() {
        return switch (dtype) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }

    private static void replace(Path file, byte[] content) throws IOException {
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        Files.write(partial, content);
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING);
    }
}
