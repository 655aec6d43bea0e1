package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.family.VisualTower;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.RoutingPlan;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.PreparedPrompt.Span;
import io.maskroute.core.torchscript.TorchScope;
import java.util.Collection;
import java.util.List;

/**
 * The text around the image tokens that all prompts of a call have: it runs through the LLM once per picture.
 *
 * @param before token ids before the image tokens
 * @param after token ids after them
 * @param latents which of those are visual tokens without a place in the picture
 */
public record SharedPrefix(int[] before, int[] after, Span latents) {
    /** @param prompts that run together; at least one */
    public static SharedPrefix of(Collection<PreparedPrompt> prompts) {
        PreparedPrompt first = prompts.iterator().next();
        return new SharedPrefix(first.prefix(), PreparedPrompt.sharedText(prompts), first.latents());
    }

    public SegmentLayout layout(RoutingPlan plan) {
        return new SegmentLayout(before.length, plan.imageTokens(), after.length);
    }

    /** The embedded tokens {@code [B, P, d]} with the pictures' visual tokens. */
    public IValue input(TorchScope work, RoutedLlm llm, VisualTower.Tokens tokens) {
        IValue embedded = llm.prefixInput(work, before, tokens.grid(), after);
        return latents.length() == 0
                ? embedded
                : work.run(
                        "insert_latents", embedded, tokens.latents(), work.of((long) after.length - latents.start()));
    }

    /**
     * @param pictures whose visual tokens these are
     * @return what {@link RoutedLlm#prefix} gives
     */
    public IValue run(
            TorchScope work, RoutedLlm llm, VisualTower.Tokens tokens, List<PreparedImage> pictures, IValue taps) {
        return llm.prefix(work, input(work, llm, tokens), layout(llm.plan()), pictures, taps);
    }

    /** The same where there are no pictures. */
    public IValue run(TorchScope work, RoutedLlm llm, VisualTower.Tokens tokens, IValue taps) {
        return llm.prefix(work, input(work, llm, tokens), layout(llm.plan()), taps);
    }
}
