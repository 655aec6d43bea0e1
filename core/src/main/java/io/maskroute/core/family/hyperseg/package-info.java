/**
 * HyperSeg: image tokens from SigLIP, latents from a perceiver over Swin's maps, Phi-2 with separate queries, keys and values.
 * {@code docs/published-models.md} says what of it is known and what is not.
 */
package io.maskroute.core.family.hyperseg;
