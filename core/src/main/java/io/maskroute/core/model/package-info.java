/**
 * The PSALM-shaped model: weights on a device, and the stages of the forward pass run through the TorchScript program. What runs
 * when is decided here; what is computed is in the sources of {@code torchscript}.
 *
 * <p>May depend on every other package of this module except {@code trace}.
 */
package io.maskroute.core.model;
