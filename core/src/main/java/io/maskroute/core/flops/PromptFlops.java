package io.maskroute.core.flops;

/**
 * Floating-point operations of one prompt of a picture.
 *
 * @param own its own tokens in the LLM, behind the prefix that it shares
 * @param alone the whole LLM, were it the picture's only prompt
 * @param dense the same with the identity schedule
 * @param decoder the mask decoder but for what is done once per picture
 */
public record PromptFlops(LlmFlops own, LlmFlops alone, LlmFlops dense, long decoder) {}
