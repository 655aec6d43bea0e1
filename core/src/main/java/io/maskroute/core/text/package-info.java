/**
 * From a prompt to token ids by the model's own tokenizer. Thread-safe. Depends on {@code error},
 * {@code config}, {@code checkpoint}, {@code files}, {@code segmenter}, {@code task} and DJL's Hugging Face tokenizer.
 */
package io.maskroute.core.text;
