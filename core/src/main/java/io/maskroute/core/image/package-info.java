/**
 * From encoded bytes to what the network takes: safe decoding, Pillow's antialiased resize, padding. Plain Java, thread-safe.
 * Depends on {@code error}, {@code config} and {@code segmenter}.
 */
package io.maskroute.core.image;
