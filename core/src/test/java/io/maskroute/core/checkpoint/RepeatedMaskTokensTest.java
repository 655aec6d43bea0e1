package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.safetensors.RandomTensors;
import io.maskroute.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RepeatedMaskTokensTest {
    private final RandomTensors stored = RandomTensors.builder("stored", 7)
            .uniform("seg_query", new long[] {3, 2}, 0, 1)
            .uniform("seg_query_projector.weight", new long[] {3, 2}, 0, 1)
            .uniform("predictor.query_embed.weight", new long[] {3, 4}, 0, 1)
            .build();

    private final TensorSource repeated = new RepeatedMaskTokens(stored, 7);

    @Test
    void everyTokenIsACopyOfOneThatIsStored() {
        assertThat(repeated.info("seg_query").shape()).containsExactly(7, 2);
        assertThat(repeated.info("predictor.query_embed.weight").shape()).containsExactly(7, 4);
        for (String name : new String[] {"seg_query", "predictor.query_embed.weight"}) {
            float[] before = stored.floats(name);
            float[] after = repeated.floats(name);
            int width = before.length / 3;
            assertThat(after).hasSize(7 * width);
            for (int i = 0; i < 7; i++) {
                assertThat(Arrays.copyOfRange(after, i * width, (i + 1) * width))
                        .containsExactly(Arrays.copyOfRange(before, i % 3 * width, (i % 3 + 1) * width));
            }
        }
    }

    @Test
    void everythingElseIsAsItWas() {
        assertThat(repeated.names()).isEqualTo(stored.names());
        assertThat(repeated.info("seg_query_projector.weight").shape()).containsExactly(3, 2);
        assertThat(repeated.floats("seg_query_projector.weight"))
                .containsExactly(stored.floats("seg_query_projector.weight"));
    }

    @Test
    void partsAreReadAndMappedAlike() {
        byte[] all = repeated.toByteArray("seg_query");
        ByteBuffer part = ByteBuffer.allocate(36);

        repeated.read("seg_query", 16, part);

        assertThat(part.array()).containsExactly(Arrays.copyOfRange(all, 16, 52));
        byte[] mapped = new byte[all.length];
        repeated.bytes("seg_query").get(mapped);
        assertThat(mapped).containsExactly(all);
        assertThatThrownBy(() -> repeated.read("seg_query", 24, ByteBuffer.allocate(36)))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
