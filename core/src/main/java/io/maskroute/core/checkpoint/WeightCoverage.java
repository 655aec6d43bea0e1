package io.maskroute.core.checkpoint;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * How a checkpoint's tensors match what the model needs.
 *
 * @param origin the checkpoint, for messages
 * @param matched keys the model reads and finds, in state-dict order
 * @param unused keys that are known but not read, in state-dict order
 * @param missing keys the model reads and does not find
 * @param unknown keys that no part of the model has; they are passed over, since released checkpoints hold dead weights
 * @param misshapen keys found with another shape or kind of number, each with what was found and expected
 */
public record WeightCoverage(
        String origin,
        List<String> matched,
        List<String> unused,
        List<String> missing,
        List<String> unknown,
        List<Misshapen> misshapen) {
    /** Keys of a kind in a message: all that a model has, but not all that a file which is no model may hold. */
    private static final int SHOWN = 1000;

    public record Misshapen(String key, TensorInfo found, TensorInfo expected) {
        @Override
        public String toString() {
            return key + " is " + found + ", expected " + expected;
        }
    }

    public static WeightCoverage of(List<Parameter> expected, TensorSource tensors) {
        List<String> matched = new ArrayList<>();
        List<String> unused = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        List<Misshapen> misshapen = new ArrayList<>();
        Set<String> known = new HashSet<>();
        for (Parameter parameter : expected) {
            String key = parameter.key();
            known.add(key);
            if (!tensors.names().contains(key)) {
                if (parameter.required()) {
                    missing.add(key);
                }
            } else if (!parameter.accepts(tensors.info(key))) {
                misshapen.add(new Misshapen(key, tensors.info(key), parameter.info()));
            } else {
                (parameter.required() ? matched : unused).add(key);
            }
        }
        List<String> unknown =
                tensors.names().stream().filter(key -> !known.contains(key)).toList();
        return new WeightCoverage(tensors.origin(), matched, unused, missing, unknown, misshapen);
    }

    /** True when every tensor the model reads is there, whatever else is. */
    public boolean complete() {
        return missing.isEmpty() && misshapen.isEmpty();
    }

    /** What does not match, kind by kind and key by key; empty when {@link #complete}. */
    public List<String> mismatches() {
        List<String> parts = new ArrayList<>();
        describe(parts, "missing", missing);
        if (!missing.isEmpty()) {
            // What is missing may be there under another name.
            describe(parts, "unknown", unknown);
        }
        describe(parts, "mis-shaped", misshapen);
        return parts;
    }

    /**
     * @param allowPartial lets a checkpoint pass that does not match; only {@link #matched} tensors may then be read from it
     * @throws UnusableInputException listing what does not match
     */
    public void require(boolean allowPartial) {
        if (complete() || allowPartial) {
            return;
        }
        throw new UnusableInputException(origin + " does not fit its config.json: " + String.join("; ", mismatches())
                + ". Use the config.json that belongs to these weights, or --allow-partial with a command that has it");
    }

    private static void describe(List<String> parts, String kind, List<?> keys) {
        if (!keys.isEmpty()) {
            String shown = String.join(
                    ", ", keys.stream().limit(SHOWN).map(Object::toString).toList());
            parts.add(keys.size() + " " + kind + ": " + shown + (keys.size() > SHOWN ? ", …" : ""));
        }
    }
}
