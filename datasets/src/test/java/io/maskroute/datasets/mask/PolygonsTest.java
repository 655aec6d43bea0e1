package io.maskroute.datasets.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
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
