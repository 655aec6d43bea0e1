package io.maskroute.core.checkpoint;

import io.maskroute.core.config.JsonFields;
import io.maskroute.core.error.Reason;
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
 * pytorch_model.bin.index.json}; {@code pytorch_model-00001-of-0000N.bin} and the rest of them.
 *
 * @param files each exists
 * @param shardOf tensor name to file as the index says; empty without an index
 */
record WeightFiles(Path folder, List<Path> files, Map<String, Path> shardOf) {
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.(safetensors|bin)");

    /** Formats of weights, the preferred one first. */
    private enum Kind {
        SAFETENSORS("model.safetensors", ".*\\.safetensors"),
        /** Beside these lie other .bin files, such as training_args.bin. */
        PYTORCH("pytorch_model.bin", "pytorch_model-\\d{5}-of-\\d{5}\\.bin");

        private final String single;
        private final Pattern others;

        Kind(String single, String others) {
            this.single = single;
            this.others = Pattern.compile(others);
        }
    }

    static WeightFiles find(Path folder) {
        for (Kind kind : Kind.values()) {
            Path single = folder.resolve(kind.single);
            if (Files.isRegularFile(single)) {
                return new WeightFiles(folder, List.of(single), Map.of());
            }
            Path index = folder.resolve(kind.single + ".index.json");
            if (Files.isRegularFile(index)) {
                return indexed(folder, index);
            }
            List<Path> others = named(folder, kind.others);
            if (!others.isEmpty()) {
                return new WeightFiles(folder, others, Map.of());
            }
        }
        throw new UnusableInputException("model folder " + folder + " has no weights"
                + ForeignFiles.unfinishedWeights(folder)
                        .map(half -> "; " + half.getFileName() + " is an unfinished download: let it finish")
                        .orElse("; expected model.safetensors, shards with model.safetensors.index.json, or"
                                + " pytorch_model.bin"));
    }

    private static WeightFiles indexed(Path folder, Path index) {
        ForeignFiles.refuse(index);
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
                throw new UnusableInputException("shard " + file + " is missing; " + index.getFileName() + " names it, "
                        + ForeignFiles.remedy(file));
            }
            shardOf.put(tensor, file);
        }
        if (shardOf.isEmpty()) {
            throw new UnusableInputException(index + " has no weight_map, or an empty one");
        }
        return new WeightFiles(folder, List.copyOf(files), shardOf);
    }

    /** All files of such names; where the names number them, none may be missing. */
    private static List<Path> named(Path folder, Pattern names) {
        List<Path> files;
        try (Stream<Path> list = Files.list(folder)) {
            files = list.filter(f -> names.matcher(f.getFileName().toString()).matches() && Files.isRegularFile(f))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UnusableInputException("model folder " + folder + " cannot be listed: " + Reason.of(e), e);
        }
        for (Path file : files) {
            Matcher shard = SHARD.matcher(file.getFileName().toString());
            if (shard.matches()) {
                int count = Integer.parseInt(shard.group(3));
                for (int i = 1; i <= count; i++) {
                    String name =
                            String.format(Locale.ROOT, "%s-%05d-of-%05d.%s", shard.group(1), i, count, shard.group(4));
                    if (!files.contains(folder.resolve(name))) {
                        throw new UnusableInputException("shard " + folder.resolve(name) + " is missing; "
                                + ForeignFiles.remedy(folder.resolve(name)));
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
        ForeignFiles.refuse(file);
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
