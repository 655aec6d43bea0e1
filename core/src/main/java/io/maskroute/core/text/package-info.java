/**
 * From a prompt to token ids: PSALM's prompt texts and the model's own tokenizer. Thread-safe. Depends on {@code error},
 * {@code config}, {@code checkpoint}, {@code files}, {@code segmenter} and DJL's Hugging Face tokenizer.
 */
package io.maskroute.core.text;
