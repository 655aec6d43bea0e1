/**
 * Scoring results of any tool in the official result formats: reads truth and predictions, refuses what does not belong
 * together, and hands counts to {@code metrics}. Depends on {@code coco}'s segmentations, {@code labels}, {@code mask},
 * {@code metrics} and {@code core.error}; knows no Spark and reads local files alone.
 */
package io.maskroute.datasets.score;
