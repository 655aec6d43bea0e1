/**
 * The bridge to PyTorch: a TorchScript program assembled from the sources in this package's resources, loaded through DJL, and
 * scopes that own what its methods return. Knows nothing of models; depends on {@code error} and
 * {@code files} only.
 *
 * <p>The sources are fragments of one class body, each a group of methods that may call one another through {@code self}. They
 * are TorchScript as PyTorch's own archives hold it (operators under {@code torch.}), so the same text also runs under plain
 * Python PyTorch, by {@code torch.jit.load} of the archive that {@link io.maskroute.core.torchscript.ScriptArchive} writes.
 */
package io.maskroute.core.torchscript;
