package io.maskroute.job.report;

/**
 * One line of a comparison. Ratios are fractions of 1.
 *
 * @param name as shown
 * @param prompts that were scored
 * @param pr70 share of prompts with an IoU of at least 0.7
 * @param llmAloneRatio LLM FLOPs of a prompt alone over the same dense
 * @param llmRatio LLM FLOPs as run, shared, over a prompt alone and dense
 * @param llmMillis mean time in the LLM per prompt, its share of the prefix included
 */
public record ComparedRun(
        String name,
        long prompts,
        double cIoU,
        double gIoU,
        double pr70,
        double llmAloneRatio,
        double llmRatio,
        double llmMillis) {}
