package io.maskroute.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SegmenterOptionsTest {
    @Test
    void aGpuRunsMorePromptsAtOnceUnlessToldOtherwise() {
        int cpu = SegmenterOptions.builder().build().promptBatch();

        assertThat(SegmenterOptions.builder().setDevice("cuda:0").build().promptBatch())
                .isGreaterThan(cpu);
        assertThat(SegmenterOptions.builder()
                        .setPromptBatch(3)
                        .setDevice("cuda:0")
                        .build()
                        .promptBatch())
                .isEqualTo(3);
    }
}
