package io.maskroute.core.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ImageGeometry;
import io.maskroute.core.mask.BinaryMask;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DrawnTest {
    private static long area(BinaryMask mask) {
        return IntStream.range(0, mask.columnMajor().length)
                .filter(i -> mask.columnMajor()[i] != 0)
                .count();
    }

    private static long discArea(int radius) {
        return IntStream.rangeClosed(-radius, radius)
                .mapToLong(y -> IntStream.rangeClosed(-radius, radius)
                        .filter(x -> x * x + y * y <= radius * radius)
                        .count())
                .sum();
    }

    @Test
    void aPointGrowsToADiscOfTheSamePixelsAsItsMask() throws Exception {
        BinaryMask point =
                Drawn.discs(new double[] {40.7, 30.2}, Drawn.POINT_RADIUS).draw(60, 80);
        assertThat(area(point)).isEqualTo(discArea(10));
        assertThat(point.at(30, 50)).isTrue();
        assertThat(point.at(30, 51)).isFalse();
        byte[] pixel = new byte[60 * 80];
        pixel[40 * 60 + 30] = 1;
        assertThat(Drawn.grown(new BinaryMask(60, 80, pixel), Drawn.POINT_RADIUS)
                        .draw(60, 80)
                        .columnMajor())
                .isEqualTo(point.columnMajor());
        // Cut off at the edge.
        assertThat(area(Drawn.discs(new double[] {0, 0, 79, 59}, 5).draw(60, 80)))
                .isLessThan(discArea(5));
    }

    @Test
    void aBoxHasThePixelsWhoseMiddlesItCovers() throws Exception {
        assertThat(area(Drawn.box(3, 4, 10, 5).draw(60, 80))).isEqualTo(50);
        assertThat(area(Drawn.box(3.6, 4, 1, 5).draw(60, 80))).isEqualTo(5);
        assertThat(area(Drawn.box(-5, -5, 1000, 1000).draw(60, 80))).isEqualTo(4800);
        assertThat(area(Drawn.box(79.9, 59.9, 0.01, 0.01).draw(60, 80))).isEqualTo(1);
    }

    @Test
    void whatLiesOutsideThePictureIsRefused() {
        byte[] none = new byte[12];
        for (Drawn drawn : List.of(
                Drawn.discs(new double[] {80, 3}, 5),
                Drawn.box(80, 0, 5, 5),
                Drawn.box(3, 3, 0, 5),
                Drawn.box(-9, 3, 4, 5),
                Drawn.of(new BinaryMask(3, 4, none)))) {
            RowFailure failure = catchThrowableOfType(RowFailure.class, () -> drawn.draw(60, 80));
            assertThat(failure).isNotNull();
            assertThat(failure.kind()).isEqualTo("bad-region");
        }
        RowFailure empty = catchThrowableOfType(
                RowFailure.class,
                () -> RegionPoints.of(
                        Drawn.of(new BinaryMask(3, 4, none)),
                        new ImageGeometry(8, 6, 8, 3, 4),
                        new SplittableRandom(1)));
        assertThat(empty.kind()).isEqualTo("bad-region");
    }

    /** Fewer pixels than points, more of them, and one that shrinking loses. */
    @Test
    void pointsLieInTheRegionAndDependOnTheSeedAlone() throws Exception {
        ImageGeometry enlarged = new ImageGeometry(100, 100, 50, 20, 10);
        for (Drawn drawn : List.of(Drawn.box(2, 3, 1, 1), Drawn.box(2, 3, 6, 9))) {
            float[] points = RegionPoints.of(drawn, enlarged, new SplittableRandom(7));
            assertThat(points).hasSize(512);
            BinaryMask mask = drawn.draw(20, 10);
            for (int i = 0; i < 256; i++) {
                int row = Math.round(points[2 * i] * 100);
                int column = Math.round(points[2 * i + 1] * 100);
                assertThat(mask.at(row / 5, column / 5)).isTrue();
            }
            assertThat(RegionPoints.of(drawn, enlarged, new SplittableRandom(7)))
                    .isEqualTo(points);
            assertThat(RegionPoints.of(drawn, enlarged, new SplittableRandom(8)))
                    .isNotEqualTo(points);
        }
        // More pixels than points: none twice.
        float[] many = RegionPoints.of(Drawn.box(2, 3, 6, 9), enlarged, new SplittableRandom(7));
        assertThat(IntStream.range(0, 256)
                        .mapToObj(i -> Arrays.asList(many[2 * i], many[2 * i + 1]))
                        .distinct())
                .hasSize(256);
        ImageGeometry shrunk = new ImageGeometry(10, 10, 5, 1000, 500);
        float[] lost = RegionPoints.of(Drawn.box(302, 603, 1, 1), shrunk, new SplittableRandom(7));
        assertThat(lost[0]).isEqualTo(.6f);
        assertThat(lost[1]).isEqualTo(.3f);
    }
}
