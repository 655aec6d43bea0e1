package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.task.Head;
import io.maskroute.core.torchscript.TorchScope;
import io.maskroute.core.torchscript.TorchType;
import java.util.Arrays;

/**
 * What stands between the LLM and the mask decoder: the mask tokens that the LLM reads, and the layers that make queries of their
 * hidden states and condition embeddings of those of the prompt's conditions. The layers are always fp32.
 */
public final class PromptBridge {
    private static final String QUERIES = "seg_query_projector";

    private final int queries;
    private final IValue maskTokens;
    private final IValue heads;

    /** @param scope owns the weights */
    PromptBridge(TorchScope scope, int queries, WeightLoader loader, TorchType llmDtype) {
        this.queries = queries;
        maskTokens = loader.tensor(scope, "seg_query", llmDtype);
        heads = loader.group(
                scope,
                "",
                TorchType.FLOAT32,
                name -> name.startsWith(QUERIES + ".")
                        || Arrays.stream(Head.values()).anyMatch(head -> name.startsWith(head.projector() + ".")));
    }

    /** The learned mask tokens, {@code [Q, d]} in the LLM's dtype. */
    public IValue maskTokens() {
        return maskTokens;
    }

    /**
     * Queries and conditions of prompts.
     *
     * @param queries {@code [R, Q, C]}
     * @param conditions {@code [R, N, C]}
     */
    public record Inputs(Head head, IValue queries, IValue conditions) {
        /** Those of prompts {@code from} to {@code to}. */
        public Inputs of(TorchScope work, int from, int to) {
            IValue start = work.of((long) from);
            IValue end = work.of((long) to);
            return new Inputs(head, work.run("rows", queries, start, end), work.run("rows", conditions, start, end));
        }

        /** Those of these prompts. */
        Inputs of(TorchScope work, long[] rows) {
            IValue which = work.longsOnDevice(rows);
            return new Inputs(head, work.run("rows_at", queries, which), work.run("rows_at", conditions, which));
        }
    }

    /**
     * @param hidden what {@link RoutedLlm#suffix} gave for these prompts
     */
    public Inputs inputs(TorchScope work, IValue hidden, PromptBatch prompts, IValue taps) {
        IValue[] parts = work.elements(hidden);
        PromptBatch.Kind kind = prompts.kind();
        long[] shape = {prompts.prompts().size(), kind.conditions()};
        IValue[] made = work.elements(work.run(
                "decoder_inputs",
                parts[0],
                parts[1],
                work.of((long) queries),
                work.run("view", work.longsOnDevice(prompts.starts()), work.ints(shape)),
                work.run("view", work.longsOnDevice(prompts.ends()), work.ints(shape)),
                heads,
                work.of(kind.head().projector()),
                taps));
        return new Inputs(kind.head(), made[0], made[1]);
    }

    /** Image tokens {@code [B, N, d]} in the space of referring conditions: {@code [B, N, C]}. */
    public IValue tokenFeatures(TorchScope work, RoutedLlm llm, IValue imageTokens) {
        return work.run("linear", llm.normalized(work, imageTokens), heads, work.of(Head.SEG.projector()));
    }

    /**
     * The mask tokens in the space of referring conditions.
     *
     * @param hidden what {@link RoutedLlm#suffix} gave
     * @return {@code [R, Q, C]}
     */
    public IValue maskTokenConditions(TorchScope work, IValue hidden) {
        return work.run("mask_token_conditions", work.elements(hidden)[1], work.of((long) queries), heads);
    }
}
