package io.maskroute.core.model;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.model.WeightLoader.Run;
import io.maskroute.core.safetensors.TensorSource;
import java.util.ArrayList;
import java.util.List;

/**
 * The rows of a layer's queries, keys and values. In memory they are one weight with the rows [q, k, v][head][channel], so that any of
 * the three is a view of it. PSALM's checkpoint stores {@code query_key_value} with the rows [head][q, k, v][channel], others
 * {@code q_proj}, {@code k_proj} and {@code v_proj}.
 */
public final class AttentionRows {
    private static final String ATTENTION = "self_attn.";
    private static final String FUSED = "query_key_value.";
    private static final List<String> PARTS = List.of("q_proj.", "k_proj.", "v_proj.");

    private AttentionRows() {}

    /** Whether a name below a layer is that of queries, keys or values. */
    static boolean isPart(String name) {
        return name.startsWith(ATTENTION + FUSED) || PARTS.stream().anyMatch(part -> name.startsWith(ATTENTION + part));
    }

    /** The name of the stored weight, under which training knows that in memory too. */
    static String fused(String layer, String kind) {
        return layer + ATTENTION + FUSED + kind;
    }

    /**
     * What the weight in memory consists of.
     *
     * @param layer what the names begin with
     * @param kind {@code weight} or {@code bias}
     */
    static List<Run> runs(TensorSource source, String layer, String kind, ModelConfig.Llm llm) {
        long row = kind.equals("weight") ? llm.hidden() : 1;
        String fused = fused(layer, kind);
        return source.names().contains(fused)
                ? runs(fused, row, llm)
                : PARTS.stream()
                        .map(part -> new Run(layer + ATTENTION + part + kind, 0, row * llm.hidden()))
                        .toList();
    }

    private static List<Run> runs(String fused, long row, ModelConfig.Llm llm) {
        long head = row * llm.headDim();
        List<Run> runs = new ArrayList<>();
        for (int part = 0; part < PARTS.size(); part++) {
            for (int h = 0; h < llm.heads(); h++) {
                runs.add(new Run(fused, ((long) PARTS.size() * h + part) * head, head));
            }
        }
        return runs;
    }

    /** The numbers of a weight in memory in the order of a checkpoint with {@code query_key_value}; those of other weights as they are. */
    public static float[] stored(String name, float[] inMemory, ModelConfig.Llm llm) {
        return reordered(name, inMemory, llm, true);
    }

    /** The other way round. */
    public static float[] inMemory(String name, float[] stored, ModelConfig.Llm llm) {
        return reordered(name, stored, llm, false);
    }

    private static float[] reordered(String name, float[] values, ModelConfig.Llm llm, boolean store) {
        if (!name.contains("." + ATTENTION + FUSED)) {
            return values;
        }
        float[] out = new float[values.length];
        int at = 0;
        for (Run run : runs(name, values.length / (3L * llm.hidden()), llm)) {
            int first = (int) run.first();
            int elements = (int) run.elements();
            System.arraycopy(values, store ? at : first, out, store ? first : at, elements);
            at += elements;
        }
        return out;
    }
}
