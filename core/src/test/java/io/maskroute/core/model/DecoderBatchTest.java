package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecoderBatchTest {
    @Test
    void aPictureWithFewerPromptsRepeatsItsLast() {
        List<DecoderBatch> batches = DecoderBatch.of(new int[] {3, 3, 3, 4, 5, 5}, 9);

        assertThat(batches).containsExactly(new DecoderBatch(0, 3, List.of(3, 1, 2)));
        assertThat(batches.get(0).rows()).containsExactly(0, 1, 2, 3, 3, 3, 4, 5, 5);
        assertThat(batches.get(0).size()).isEqualTo(6);
        assertThat(batches.get(0).endPicture()).isEqualTo(6);
    }

    @Test
    void thoseThatStandInCount() {
        assertThat(DecoderBatch.of(new int[] {0, 0, 0, 1, 2, 2}, 8))
                .containsExactly(new DecoderBatch(0, 0, List.of(3, 1)), new DecoderBatch(4, 2, List.of(2)));
    }

    @Test
    void onePictureIsNotDivided() {
        assertThat(DecoderBatch.of(new int[] {0, 0, 0, 1}, 2))
                .containsExactly(new DecoderBatch(0, 0, List.of(3)), new DecoderBatch(3, 1, List.of(1)));
    }

    @Test
    void aPictureWithoutPromptsEndsABatch() {
        assertThat(DecoderBatch.of(new int[] {0, 2, 3}, 8))
                .containsExactly(new DecoderBatch(0, 0, List.of(1)), new DecoderBatch(1, 2, List.of(1, 1)));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void everyPromptRunsWithItsPicture(long seed) {
        Random random = new Random(seed);
        int most = 1 + random.nextInt(64);
        List<Integer> pictures = new ArrayList<>();
        for (int picture = 0; picture < 40; picture++) {
            for (int left = random.nextInt(7); left > 0; left--) {
                pictures.add(picture);
            }
        }
        int[] pictureOf = pictures.stream().mapToInt(Integer::intValue).toArray();

        Set<Long> seen = new HashSet<>();
        for (DecoderBatch batch : DecoderBatch.of(pictureOf, most)) {
            long[] rows = batch.rows();
            for (int i = 0; i < rows.length; i++) {
                assertThat(pictureOf[(int) rows[i]]).isEqualTo(batch.firstPicture() + i / batch.widest());
            }
            assertThat(LongStream.of(rows).distinct().count()).isEqualTo(batch.size());
            assertThat(rows.length).isLessThanOrEqualTo(Math.max(most, batch.widest()));
            LongStream.of(rows).forEach(seen::add);
        }
        assertThat(seen).hasSize(pictureOf.length);
    }
}
