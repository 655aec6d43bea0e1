/**
 * ShapesRef: generated pictures of shapes with exact masks and referring expressions. {@link
 * io.maskroute.datasets.shapesref.ShapesRef} makes one picture in memory, {@link
 * io.maskroute.datasets.shapesref.ShapesRefImport} a dataset. Everything is drawn by this package's own arithmetic, without
 * Java2D, so a picture has the same pixels on every JDK. Depends on {@code core.mask}, {@code mask}, {@code writer} and {@code
 * schema}.
 *
 * <p>A picture comes about in this order: {@code Draws} (random numbers from seed, level, split and index), {@code Backdrop}
 * and {@code Composer} (what lies where), {@code Layout} (which pixel shows what), {@code Questioner} ({@code Expression}s that
 * {@code Evaluator} finds clear, said by {@code Wording}), {@code Painter}.
 */
package io.maskroute.datasets.shapesref;
