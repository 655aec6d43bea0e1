package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Collection;
import java.util.List;

/**
 * The text around the image tokens that all prompts of a call have: it runs through the LLM once per picture.
 *
 * @param before token ids before the image tokens
 * @param after token ids after them
 */
public record SharedPrefix(int[] before, int[] after) {
    /** @param prompts that run together; at least one */
    public static SharedPrefix of(Collection<PreparedPrompt> prompts) {
        return new SharedPrefix(prompts.iterator().next().prefix(), PreparedPrompt.sharedText(prompts));
    }

    public SegmentLayout layout(RoutingPlan plan) {
        return new SegmentLayout(before.length, plan.imageTokens(), after.length);
    }

    /** The embedded tokens {@code [B, P, d]} with the pictures' image tokens {@code [B, N, d]}. */
    public IValue input(TorchScope work, RoutedLlm llm, IValue imageTokens) {
        return llm.prefixInput(work, before, imageTokens, after);
    }

    /**
     * @param pictures whose image tokens these are
     * @return what {@link RoutedLlm#prefix} gives
     */
    public IValue run(TorchScope work, RoutedLlm llm, IValue imageTokens, List<PreparedImage> pictures, IValue taps) {
        return llm.prefix(work, input(work, llm, imageTokens), layout(llm.plan()), pictures, taps);
    }

    /** The same where there are no pictures. */
    public IValue run(TorchScope work, RoutedLlm llm, IValue imageTokens, IValue taps) {
        return llm.prefix(work, input(work, llm, imageTokens), layout(llm.plan()), taps);
    }
}
