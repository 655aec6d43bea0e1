/**
 * Tensors in files: the safetensors format (reader and writer) and {@link
 * io.maskroute.core.safetensors.TensorSource}, the read-only view that every checkpoint format offers. Nothing here knows
 * what the tensors mean. Depends on JSON and {@code error}.
 */
package io.maskroute.core.safetensors;
