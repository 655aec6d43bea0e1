package io.maskroute.core.model;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.ImageTokenDropping.Criterion;
import io.maskroute.core.routing.SegmentLayout;
import io.maskroute.core.torchscript.TorchScope;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/** Positions of a prefix, as the program's {@code drop_prefix} and {@code drop_shared_prefix} take them. */
final class DroppedTokens {
    private DroppedTokens() {}

    /** For each picture a number that stands for its content, see {@link ImageTokenDropping#candidates}. */
    static long[] contents(ImageTokenDropping dropping, List<PreparedImage> pictures) {
        return dropping.criterion() == Criterion.RANDOM
                ? pictures.stream().mapToLong(DroppedTokens::content).toArray()
                : new long[1];
    }

    private static long content(PreparedImage picture) {
        CRC32 crc = new CRC32();
        crc.update(picture.pixels());
        return crc.getValue();
    }

    /** Positions of the text around the image tokens, {@code [P - N]}. */
    static IValue text(TorchScope work, SegmentLayout layout) {
        int text = layout.leading() + layout.trailing();
        return work.longs(
                IntStream.range(0, text)
                        .mapToLong(t -> t < layout.leading() ? t : t + layout.image())
                        .toArray(),
                text);
    }

    /** Positions of the image tokens that may be kept, {@code [contents, C]}. */
    static IValue candidates(TorchScope work, ImageTokenDropping dropping, SegmentLayout layout, long[] contents) {
        int[][] candidates = new int[contents.length][];
        for (int i = 0; i < contents.length; i++) {
            candidates[i] = dropping.candidates(layout.image(), contents[i]);
        }
        int each = candidates[0].length;
        return work.longs(
                IntStream.range(0, contents.length * each)
                        .mapToLong(i -> layout.leading() + candidates[i / each][i % each])
                        .toArray(),
                contents.length,
                each);
    }
}
