package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.torchscript.TorchScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What the mask decoder gave for one prompt.
 *
 * @param work owns the tensors
 * @param logits fp32 {@code [Q, N]}: how well each query answers each condition
 * @param embeddings fp32 {@code [Q, mask_dim]}
 * @param features of its picture, fp32 {@code [1, mask_dim, h, w]}; a query's mask is {@code embedding . features}
 * @param maskSize side of the square that mask logits are resized to before the picture is cut out
 */
public record Decoded(
        TorchScope work, IValue logits, IValue embeddings, IValue features, int maskSize, ImageGeometry picture) {
    /** Pixels of the masks that are resized at once, unless one alone has more: 16 masks of 1024 x 1024. */
    public static final long MASK_PIXELS = 16L << 20;

    /** The same queries with other logits. */
    public Decoded withLogits(IValue logits) {
        return new Decoded(work, logits, embeddings, features, maskSize, picture);
    }

    /**
     * The query with the highest score for a condition.
     *
     * @throws RowFailure where the prompt's logits are not finite
     */
    ScoredMask best(int condition) throws RowFailure {
        IValue[] best = work.elements(work.run(
                "best_mask",
                work.run("column", logits, work.of((long) condition)),
                embeddings,
                features,
                work.of((long) maskSize),
                content(),
                original(),
                work.of(MASK_PIXELS)));
        float score = work.floats(best[0])[0];
        // NaN is below no least score: without this it would be an answer.
        requireFinite(score);
        BinaryMask mask = mask(work.bytes(best[2]));
        work.free(best[2]);
        return new ScoredMask(mask, score);
    }

    /**
     * The queries that score more than this for a condition, in order. The numbers are known to be finite: see {@link #best}.
     *
     * @param least 0..1
     */
    List<ScoredMask> above(int condition, double least) {
        float[] probabilities =
                work.floats(work.run("condition_probabilities", work.run("column", logits, work.of((long) condition))));
        // No score exceeds its probability.
        long[] queries = IntStream.range(0, probabilities.length)
                .filter(query -> probabilities[query] > least)
                .mapToLong(query -> query)
                .toArray();
        int step = masksAtOnce();
        List<ScoredMask> found = new ArrayList<>();
        for (int from = 0; from < queries.length; from += step) {
            long[] some = Arrays.copyOfRange(queries, from, Math.min(queries.length, from + step));
            try (TorchScope inner = work.sibling()) {
                IValue[] masks = inner.elements(queryMasks(inner, some));
                float[] qualities = inner.floats(masks[0]);
                for (int i = 0; i < some.length; i++) {
                    float score = probabilities[(int) some[i]] * qualities[i];
                    if (score > least) {
                        found.add(new ScoredMask(mask(inner.bytes(masks[i + 1])), score));
                    }
                }
            }
        }
        return found;
    }

    /** What the program's {@code query_masks} gives for these queries. */
    IValue queryMasks(TorchScope inner, long[] queries) {
        return inner.run(
                "query_masks",
                embeddings,
                features,
                inner.of((long) maskSize),
                content(),
                original(),
                inner.longsOnDevice(queries));
    }

    static void requireFinite(float number) throws RowFailure {
        if (!Float.isFinite(number)) {
            throw new RowFailure(Stage.POSTPROCESS, "not-finite", "the mask decoder gives numbers that are not finite");
        }
    }

    /** @param columnMajor of the picture's original size */
    BinaryMask mask(byte[] columnMajor) {
        return new BinaryMask(picture.originalHeight(), picture.originalWidth(), columnMajor);
    }

    /** How many masks of full size may exist together. */
    int masksAtOnce() {
        return (int) work.run("at_once", work.of((long) maskSize), original(), work.of(MASK_PIXELS))
                .toLong();
    }

    /** Height and width of the picture in the square. */
    IValue content() {
        return work.ints(picture.contentHeight(), picture.contentWidth());
    }

    /** Height and width of the picture before resizing. */
    IValue original() {
        return work.ints(picture.originalHeight(), picture.originalWidth());
    }

    /** Calls one of the {@code trace_} methods of the program. */
    void trace(String method, IValue taps, IValue... more) {
        IValue[] arguments = new IValue[8 + more.length];
        arguments[0] = logits;
        arguments[1] = embeddings;
        arguments[2] = features;
        arguments[3] = work.of((long) picture.size());
        arguments[4] = work.of((long) maskSize);
        arguments[5] = content();
        arguments[6] = original();
        arguments[7] = taps;
        System.arraycopy(more, 0, arguments, 8, more.length);
        work.run(method, arguments);
    }
}
