package io.maskroute.datasets.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.maskroute.core.mask.BinaryMask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RleTest {
    /** Seeds with sizes from one pixel over single rows and columns to odd sizes that no word length divides. */
    static Stream<Arguments> seedsAndSizes() {
        int[][] sizes = {{1, 1}, {1, 9}, {9, 1}, {2, 3}, {7, 5}, {8, 8}, {17, 23}, {31, 64}, {63, 41}};
        return IntStream.range(0, 20).boxed().flatMap(seed -> Arrays.stream(sizes)
                .map(size -> Arguments.of(seed, size[0], size[1])));
    }

    @ParameterizedTest
    @MethodSource("seedsAndSizes")
    void masksAndRunsRoundTrip(int seed, int height, int width) {
        BinaryMask mask = randomMask(new Random(seed), height, width);
        Rle rle = Rle.of(mask);

        assertThat(rle.toMask().columnMajor()).isEqualTo(mask.columnMajor());
        assertThat(Rle.parse(height, width, rle.compressed())).isEqualTo(rle);
        assertThat(new Rle(height, width, rle.counts())).isEqualTo(rle).hasSameHashCodeAs(rle);
        assertThat(Arrays.stream(rle.counts()).skip(1)).doesNotContain(0);
    }

    @ParameterizedTest
    @MethodSource("seedsAndSizes")
    void areasAndBoxesMatchThePixels(int seed, int height, int width) {
        Random random = new Random(seed);
        Rle a = withEmptyRuns(random, Rle.of(randomMask(random, height, width)));
        Rle b = withEmptyRuns(random, Rle.of(randomMask(random, height, width)));
        byte[] pixelsA = a.toMask().columnMajor();
        byte[] pixelsB = b.toMask().columnMajor();
        long both = IntStream.range(0, pixelsA.length)
                .filter(i -> (pixelsA[i] & pixelsB[i]) == 1)
                .count();
        long either = IntStream.range(0, pixelsA.length)
                .filter(i -> (pixelsA[i] | pixelsB[i]) == 1)
                .count();

        assertThat(a.area())
                .isEqualTo(IntStream.range(0, pixelsA.length)
                        .filter(i -> pixelsA[i] == 1)
                        .count());
        assertThat(a.bbox()).isEqualTo(boxByPixels(a.toMask()));
        assertThat(Rle.intersectionArea(a, b)).isEqualTo(both);
        assertThat(Rle.iou(a, b, false)).isEqualTo(both == 0 ? 0 : (double) both / either);
        assertThat(Rle.iou(a, b, true)).isEqualTo(both == 0 ? 0 : (double) both / a.area());
    }

    @ParameterizedTest
    @MethodSource("seedsAndSizes")
    void mergesMatchThePixels(int seed, int height, int width) {
        Random random = new Random(seed);
        List<Rle> masks = new ArrayList<>();
        for (int i = 0; i < 2 + random.nextInt(3); i++) {
            masks.add(withEmptyRuns(random, Rle.of(randomMask(random, height, width))));
        }
        Rle first = masks.get(0);
        Rle second = masks.get(1);

        assertThat(Rle.union(masks)).isEqualTo(byPixels(masks, n -> n >= 1));
        assertThat(Rle.intersection(masks)).isEqualTo(byPixels(masks, n -> n == masks.size()));
        assertThat(Rle.coveredOnce(masks)).isEqualTo(byPixels(masks, n -> n == 1));
        assertThat(first.complement().toMask().columnMajor())
                .isEqualTo(byPixels(List.of(first), n -> n == 0).toMask().columnMajor());
        assertThat(first.minus(second)).isEqualTo(byPixels(List.of(first, second, second), n -> n == 1));
    }

    @Test
    void manySmallMasksAreMergedInNoTime() {
        int side = 2048;
        List<Rle> masks = IntStream.range(0, 300_000)
                .mapToObj(i -> new Rle(side, side, new int[] {10 * i, 11, side * side - 10 * i - 11}))
                .toList();

        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            assertThat(Rle.union(masks))
                    .isEqualTo(new Rle(side, side, new int[] {0, 3_000_001, side * side - 3_000_001}));
            assertThat(Rle.coveredOnce(masks).area()).isEqualTo(3_000_001 - 299_999);
        });
    }

    @Test
    void aSingleMaskIsMergedToItself() {
        Rle notCanonical = new Rle(2, 5, new int[] {4, 0, 6});

        assertThat(Rle.union(List.of(notCanonical))).isEqualTo(notCanonical);
        assertThatThrownBy(() -> Rle.union(List.of())).isInstanceOf(InvalidRleException.class);
    }

    @Test
    void bytesOtherThanOneAreForegroundToo() {
        byte[] pixels = new byte[20];
        Arrays.fill(pixels, 3, 18, (byte) -1);

        assertThat(Rle.of(new BinaryMask(4, 5, pixels))).isEqualTo(new Rle(4, 5, new int[] {3, 15, 2}));
    }

    @Test
    void emptyMasksAreRefused() {
        assertThatThrownBy(() -> Rle.of(new BinaryMask(0, 4, new byte[0])))
                .isInstanceOf(InvalidRleException.class)
                .hasMessage("a mask cannot be 0x4");
        assertThatThrownBy(() -> new Rle(4, 0, new int[] {0})).isInstanceOf(InvalidRleException.class);
        assertThatThrownBy(() -> new Rle(-2, -2, new int[] {4})).isInstanceOf(InvalidRleException.class);
    }

    @Test
    void fourGigapixelsAreRefused() {
        assertThatThrownBy(() -> new Rle(65536, 65536, new int[] {Integer.MAX_VALUE, Integer.MAX_VALUE}))
                .isInstanceOf(InvalidRleException.class)
                .hasMessageContaining("65536x65536 is too large");
        assertThatThrownBy(() -> Rle.ofCounts(65536, 65536, List.of(1L << 31, 1L << 31)))
                .isInstanceOf(InvalidRleException.class);
    }

    @Test
    void aGigapixelIsHandledByItsRunsButNotLaidOut() {
        Rle large = new Rle(32768, 32768, new int[] {1 << 29, 1 << 29});

        assertThat(Rle.parse(32768, 32768, large.compressed())).isEqualTo(large);
        assertThat(large.area()).isEqualTo(1 << 29);
        assertThat(large.bbox()).containsExactly(16384, 0, 16384, 32768);
        assertThat(Rle.iou(large, large, false)).isEqualTo(1);
        assertThatThrownBy(large::toMask)
                .isInstanceOf(InvalidRleException.class)
                .hasMessageContaining("too large to be laid out");
    }

    @Test
    void runsCannotBeChangedFromOutside() {
        int[] counts = {1, 2, 1};
        Rle rle = new Rle(2, 2, counts);
        counts[0] = 99;
        rle.counts()[0] = 99;

        assertThat(rle.counts()).containsExactly(1, 2, 1);
    }

    /** Blobs in half of the masks, noise in the others; sometimes all or nothing. */
    private static BinaryMask randomMask(Random random, int height, int width) {
        byte[] pixels = new byte[height * width];
        double density = random.nextInt(4) / 3.0;
        double change = random.nextBoolean() ? 0.05 : 1;
        byte value = (byte) (random.nextDouble() < density ? 1 : 0);
        for (int i = 0; i < pixels.length; i++) {
            if (random.nextDouble() < change) {
                value = (byte) (random.nextDouble() < density ? 1 : 0);
            }
            pixels[i] = value;
        }
        return new BinaryMask(height, width, pixels);
    }

    /** The same mask with runs of length zero in some places. */
    private static Rle withEmptyRuns(Random random, Rle rle) {
        List<Integer> counts = new ArrayList<>();
        for (int run : rle.counts()) {
            if (run > 1 && random.nextInt(4) == 0) {
                int cut = random.nextInt(run);
                counts.addAll(List.of(cut, 0, run - cut));
            } else {
                counts.add(run);
            }
        }
        if (random.nextInt(4) == 0) {
            counts.addAll(List.of(0, 0));
        }
        return Rle.ofCounts(rle.height(), rle.width(), counts);
    }

    private static Rle byPixels(List<Rle> masks, IntPredicate foreground) {
        Rle first = masks.get(0);
        byte[] pixels = new byte[first.height() * first.width()];
        masks.forEach(mask -> {
            byte[] others = mask.toMask().columnMajor();
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] += others[i];
            }
        });
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (foreground.test(pixels[i]) ? 1 : 0);
        }
        return Rle.of(new BinaryMask(first.height(), first.width(), pixels));
    }

    private static double[] boxByPixels(BinaryMask mask) {
        int left = Integer.MAX_VALUE;
        int top = Integer.MAX_VALUE;
        int right = -1;
        int bottom = -1;
        for (int row = 0; row < mask.height(); row++) {
            for (int column = 0; column < mask.width(); column++) {
                if (mask.at(row, column)) {
                    left = Math.min(left, column);
                    right = Math.max(right, column);
                    top = Math.min(top, row);
                    bottom = Math.max(bottom, row);
                }
            }
        }
        return right < 0 ? new double[4] : new double[] {left, top, right - left + 1, bottom - top + 1};
    }
}
