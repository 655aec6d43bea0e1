package io.maskroute.job.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.maskroute.job.report.ComparisonChart.Axis;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ComparisonChartTest {
    private static List<String> labels(double... shares) {
        Axis axis = Axis.of(DoubleStream.of(shares).summaryStatistics());
        return IntStream.rangeClosed(axis.first(), axis.last())
                .mapToObj(axis::label)
                .toList();
    }

    @Test
    void theAxisShowsWhatThePointsDifferBy() {
        assertThat(labels(0.784, 0.805)).containsExactly("78.0 %", "78.5 %", "79.0 %", "79.5 %", "80.0 %", "80.5 %");
        assertThat(labels(0.491, 0.805)).containsExactly("40 %", "50 %", "60 %", "70 %", "80 %", "90 %");
        assertThat(labels(0, 1)).containsExactly("0 %", "20 %", "40 %", "60 %", "80 %", "100 %");
    }

    @Test
    void onePointAndNoneHaveAnAxisToo() {
        assertThat(labels(0.8)).containsExactly("80.0 %", "80.5 %");
        assertThat(labels()).hasSize(6).startsWith("0 %").endsWith("100 %");
    }

    @Test
    void theLowestTickIsAtTheBottomAndTheHighestAtTheTop() {
        Axis axis = Axis.of(DoubleStream.of(0.784, 0.805).summaryStatistics());
        double top = axis.y(axis.last() * axis.step());
        double bottom = axis.y(axis.first() * axis.step());
        assertThat(top).isLessThan(bottom);
        assertThat(axis.y(0.7925)).isCloseTo((top + bottom) / 2, within(1e-9));
    }
}
