package io.maskroute.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnitsTest {
    @Test
    void writesNumbersAsPeopleReadThem() {
        assertThat(Units.count(1234567)).isEqualTo("1,234,567");
        assertThat(Units.percent(0.7364)).isEqualTo("73.6\u00a0%");
        assertThat(Units.percent(Double.NaN)).isEqualTo("–");
        assertThat(Units.millis(4.123)).isEqualTo("4.12\u00a0ms");
        assertThat(Units.millis(41.23)).isEqualTo("41.2\u00a0ms");
        assertThat(Units.millis(412.3)).isEqualTo("412\u00a0ms");
        assertThat(Units.millis(1204)).isEqualTo("1.20\u00a0s");
        assertThat(Units.flops(0)).isEqualTo("0.00\u00a0FLOP");
        assertThat(Units.flops(6.13e11)).isEqualTo("613\u00a0GFLOP");
        assertThat(Units.flops(1.121e12)).isEqualTo("1.12\u00a0TFLOP");
        assertThat(Units.flops(9.999e11)).isEqualTo("1.00\u00a0TFLOP");
        assertThat(Units.rate(4.873)).isEqualTo("4.87\u00a0/s");
        assertThat(Units.rate(12345)).isEqualTo("12,345\u00a0/s");
    }
}
