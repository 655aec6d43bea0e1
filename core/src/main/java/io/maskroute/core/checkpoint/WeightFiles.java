package io.maskroute.core.checkpoint;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.safetensors.ShardedTensors;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which files of a model folder hold its weights. In order of preference: {@code model.safetensors}; the shards of {@code
 * model.safetensors.index.json}; any other {@code *.safetensors}; {@code pytorch_model.bin}; the shards of {@code
 * pytorch_model.bin.index.json}.
 *
 * @param files each exists
 * @param shardOf tensor name to file as the index says; empty without an index
 */
record WeightFiles(Path folder, List<Path> files, Map<String, Path> shardOf) {
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.(safetensors|bin)");

    static WeightFiles find(Path folder) {
        for (String kind : List.of("model.safetensors", "pytorch_model.bin")) {
            if (Files.isRegularFile(folder.resolve(kind))) {
                return new WeightFiles(folder, List.of(folder.resolve(kind)), Map.of());
            }
            Path index = folder.resolve(kind + ".index.json");
            if (Files.isRegularFile(index)) {
                return indexed(folder, index);
            }
            if (kind.equals("model.safetensors")) {
                List<Path> others = safetensors(folder);
                if (!others.isEmpty()) {
                    return new WeightFiles(folder, others, Map.of());
                }
            }
        }
        throw new UnusableInputException("model folder " + folder
                + " has no weights; expected model.safetensors, shards with model.safetensors.index.json, or"
                + " pytorch_model.bin");
    }

    private static WeightFiles indexed(Path folder, Path index) {
        JsonFields weightMap = JsonFields.read(index).object("weight_map");
        Map<String, Path> shardOf = new LinkedHashMap<>();
        TreeSet<Path> files = new TreeSet<>();
        for (String tensor : weightMap.names()) {
            String name = weightMap.text(tensor);
            if (!name.matches("[^/\\\\\\x00]+") || name.equals("..")) {
                throw new UnusableInputException(index + " names a file outside its folder: '" + name + "'");
            }
            Path file = folder.resolve(name);
            if (files.add(file) && !Files.isRegularFile(file)) {
                throw new UnusableInputException(
                        "shard " + file + " is missing; " + index.getFileName() + " names it, fetch it as well");
            }
            shardOf.put(tensor, file);
        }
        if (shardOf.isEmpty()) {
            throw new UnusableInputException(index + " has no weight_map, or an empty one");
        }
        return new WeightFiles(folder, List.copyOf(files), shardOf);
    }

    /** All safetensors files; where their names number them, none may be missing. */
    private static List<Path> safetensors(Path folder) {
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.filter(f -> f.toString().endsWith(".safetensors") && Files.isRegularFile(f))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UnusableInputException("model folder " + folder + " cannot be listed: " + e, e);
        }
        for (Path file : files) {
            Matcher shard = SHARD.matcher(file.getFileName().toString());
            if (shard.matches()) {
                int count = Integer.parseInt(shard.group(3));
                for (int i = 1; i <= count; i++) {
                    String name =
                            String.format(Locale.ROOT, "%s-%05d-of-%05d.%s", shard.group(1), i, count, shard.group(4));
                    if (!files.contains(folder.resolve(name))) {
                        throw new UnusableInputException(
                                "shard " + folder.resolve(name) + " is missing; fetch it as well");
                    }
                }
            }
        }
        return files;
    }

    TensorSource open() {
        List<TensorSource> shards = new ArrayList<>();
        try {
            for (Path file : files) {
                TensorSource shard = openFile(file);
                shards.add(shard);
                requireIndexed(file, shard);
            }
            return shards.size() == 1 ? shards.get(0) : new ShardedTensors(folder.toString(), shards);
        } catch (RuntimeException e) {
            shards.forEach(TensorSource::close);
            throw e;
        }
    }

    private static TensorSource openFile(Path file) {
        return file.toString().endsWith(".safetensors") ? Safetensors.open(file) : PytorchCheckpoint.open(file);
    }

    private void requireIndexed(Path file, TensorSource shard) {
        shardOf.forEach((tensor, named) -> {
            if (named.equals(file) && !shard.names().contains(tensor)) {
                throw new UnusableInputException("shard " + file + " lacks the tensor " + tensor
                        + " that its index names; index and shards do not belong together, fetch both again");
            }
        });
    }
}
