/**
 * Golden fixtures and the {@code trace} command's view of a forward pass: what a fixture folder asks for. Depends on {@code
 * config}, {@code routing}, {@code safetensors} and {@code error}.
 */
package io.maskroute.core.trace;
