/**
 * Model folders on disk: {@code config.json}, the tokenizer, the weight files in any of their forms, and the strict match of what they
 * hold against what a PSALM-shaped model needs. Gives bytes and shapes; builds no tensors. Depends on {@code config},
 * {@code safetensors}, {@code pickle} and {@code error}.
 */
package io.maskroute.core.checkpoint;
