package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class LiveLineTest {
    private final StringWriter written = new StringWriter();

    private LiveLine line(int columns) {
        return new LiveLine(new PrintWriter(written, true), columns);
    }

    @Test
    void aFileGetsPlainLinesAndOnlyWhatIsNew() {
        LiveLine line = line(0);

        line.show(1, "1 of 3, 0.5/s");
        line.show(1, "1 of 3, 0.4/s");
        line.show(2, "2 of 3, 0.5/s");
        line.clear();

        assertThat(written.toString().lines()).containsExactly("1 of 3, 0.5/s", "2 of 3, 0.5/s");
    }

    @Test
    void aTerminalHasOneLineThatNeverWrapsAndIsGoneInTheEnd() {
        LiveLine line = line(10);

        line.show(1, "1 of 3");
        line.show(1, "1 of 3, 0.4/s");
        line.clear();
        line.clear();

        assertThat(written.toString()).isEqualTo("\r\033[K1 of 3\r\033[K1 of 3, 0\r\033[K");
    }
}
