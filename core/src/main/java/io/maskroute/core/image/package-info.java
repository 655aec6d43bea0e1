/**
 * From encoded bytes to what the network takes: safe decoding, Pillow's antialiased resize, padding. Plain Java, thread-safe.
 * Whatever the bytes are, decoding ends with a picture or a {@code RowFailure}, in memory that follows the size of the file and
 * of a picture within the pixel limit. Depends on {@code error}, {@code config}, {@code mask} and Jackson's
 * annotations.
 */
package io.maskroute.core.image;
