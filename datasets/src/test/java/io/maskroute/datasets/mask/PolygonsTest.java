package io.maskroute.datasets.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolygonsTest {
    private static final double[] SQUARE = {5, 5, 15, 5, 15, 15, 5, 15};

    @Test
    void theRulesDifferByTheOutline() {
        Rle coco = Polygons.rasterize(List.of(SQUARE), 20, 20);
        Rle opencvLike = Polygons.fillOpencvLike(List.of(SQUARE), 20, 20);

        assertThat(coco.area()).isEqualTo(100);
        assertThat(coco.bbox()).containsExactly(5, 5, 10, 10);
        assertThat(opencvLike.area()).isEqualTo(121);
        assertThat(opencvLike.bbox()).containsExactly(5, 5, 11, 11);
    }

    @Test
    void fourNumbersAreABox() {
        Rle box = Polygons.rasterize(List.of(new double[] {5, 5, 10, 10}), 20, 20);

        assertThat(box).isEqualTo(Polygons.rasterize(List.of(SQUARE), 20, 20));
    }

    @Test
    void opencvLikeFillCutsCoordinatesAndStaysInThePicture() {
        Rle cut = Polygons.fillOpencvLike(List.of(new double[] {-3.9, 2.9, 5.9, 2.9, 5.9, 30, -3.9, 30}), 8, 9);

        assertThat(cut.bbox()).containsExactly(0, 2, 6, 6);
        assertThat(cut.area()).isEqualTo(36);
    }

    @Test
    void opencvLikePartsAreJoined() {
        double[] inside = {8, 8, 12, 8, 12, 12, 8, 12};

        assertThat(Polygons.fillOpencvLike(List.of(SQUARE, inside), 20, 20))
                .isEqualTo(Polygons.fillOpencvLike(List.of(SQUARE), 20, 20));
    }

    @Test
    void opencvLikePartsMayBeLinesBesidePolygons() {
        double[] line = {2, 3, 4, 3};

        List<Rle> parts = Polygons.fillPartsOpencvLike(List.of(line, SQUARE), 20, 20);

        assertThat(parts).extracting(Rle::area).containsExactly(3L, 121L);
        assertThat(parts.get(1)).isEqualTo(Polygons.fillOpencvLike(List.of(SQUARE), 20, 20));
    }

    /** The checksum is of the masks that a fill of the whole picture gives. */
    @Test
    void opencvLikeFillOfABoxIsThatOfThePicture() {
        Random random = new Random(1);
        CRC32 masks = new CRC32();
        for (int i = 0; i < 3000; i++) {
            int height = 1 + random.nextInt(40);
            int width = 1 + random.nextInt(40);
            double[] polygon = new double[4 + 2 * random.nextInt(10)];
            int reach = 1 + random.nextInt(80);
            for (int c = 0; c < polygon.length; c++) {
                polygon[c] = random.nextDouble() * reach - random.nextInt(30);
            }
            Rle mask = Polygons.fillOpencvLike(List.of(polygon), height, width);
            masks.update(mask.compressed().getBytes(StandardCharsets.US_ASCII));
        }

        assertThat(masks.getValue()).isEqualTo(4247444506L);
    }

    @Test
    void manySmallPartsOfALargePictureTakeNoTime() {
        int side = 16384;
        List<double[]> parts = IntStream.range(0, 10_000)
                .mapToObj(i -> new double[] {i, i, i + 1, i, i, i + 1})
                .toList();

        List<Rle> filled =
                assertTimeoutPreemptively(Duration.ofMinutes(1), () -> Polygons.fillPartsOpencvLike(parts, side, side));

        assertThat(filled).extracting(Rle::area).containsOnly(3L);
        assertThat(filled.get(9999).bbox()).containsExactly(9999, 9999, 2, 2);
    }

    @Test
    void partsThatTakeMinutesTogetherAreRefused() {
        double[] wide = {0, 0, 4e6, 0, 4e6, 5, 0, 5};
        double[] wider = {0, 0, 2e7, 0, 2e7, 5, 0, 5};
        double[] winding = new double[80_000];
        winding[1] = 16383;

        assertThat(Polygons.rasterize(List.of(wide), 20, 20).area()).isPositive();
        assertThatThrownBy(() -> Polygons.rasterize(List.of(wide, wide), 20, 20))
                .isInstanceOf(InvalidRleException.class)
                .hasMessage("the polygon's outline is too long to walk: 80000100 steps, at most 67108864");
        assertThat(Polygons.fillOpencvLike(List.of(wider), 20, 20).area()).isPositive();
        assertThatThrownBy(() -> Polygons.fillOpencvLike(List.of(wider, wider), 20, 20))
                .hasMessageContaining("too long to walk: 80000020 steps");
        assertThat(Polygons.fillOpencvLike(List.of(winding), 16384, 1).area()).isEqualTo(16384);
        assertThatThrownBy(() -> Polygons.fillOpencvLike(List.of(winding, winding), 16384, 1))
                .isInstanceOf(InvalidRleException.class)
                .hasMessage("the polygon's parts are too large to fill: 1310752768 pixels and crossings, at most"
                        + " 1073741824");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 1e7, 1e9, -1e300})
    void coordinatesThatCannotBeWalkedAreRefused(double coordinate) {
        List<double[]> parts = List.of(new double[] {0, 0, coordinate, 0, 5, 5});
        List<double[]> far = List.of(new double[] {0, 0, coordinate * 10, 0, 5, 5});

        assertThatThrownBy(() -> Polygons.rasterize(parts, 20, 20)).isInstanceOf(InvalidRleException.class);
        assertThatThrownBy(() -> Polygons.fillOpencvLike(far, 20, 20)).isInstanceOf(InvalidRleException.class);
    }

    @Test
    void whatIsNoPolygonIsRefused() {
        assertRefused(List.of(), "without polygons");
        assertRefused(List.of(new double[0]), "part 0 has 0 numbers");
        assertRefused(List.of(SQUARE, new double[] {1, 2, 3, 4, 5}), "part 1 has 5 numbers");
        assertRefused(List.of(new double[] {1, 2, 3, 4}, SQUARE), "part 1 has 8 numbers");
        assertThatThrownBy(() -> Polygons.fillOpencvLike(List.of(SQUARE), 32768, 32768))
                .isInstanceOf(InvalidRleException.class)
                .hasMessageContaining("too large");
    }

    private static void assertRefused(List<double[]> parts, String message) {
        assertThatThrownBy(() -> Polygons.rasterize(parts, 20, 20))
                .isInstanceOf(InvalidRleException.class)
                .hasMessageContaining(message);
        assertThatThrownBy(() -> Polygons.fillOpencvLike(parts, 20, 20))
                .isInstanceOf(InvalidRleException.class)
                .hasMessageContaining(message);
    }
}
