package io.maskroute.job.training;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchesTest {
    /** Spark's exceptions are checked ones, which Scala throws without declaring them. */
    @Test
    void whatEndsTheReadingReachesTheTraining() {
        SparkException checked = new SparkException("a file is gone");
        IllegalStateException unchecked = new IllegalStateException("broken");
        OutOfMemoryError error = new OutOfMemoryError("of a test");

        assertThatThrownBy(() -> firstBatch(checked))
                .hasMessage("a file is gone")
                .hasCause(checked);
        assertThatThrownBy(() -> firstBatch(unchecked)).isSameAs(unchecked);
        assertThatThrownBy(() -> firstBatch(error)).isSameAs(error);
    }

    private static void firstBatch(Throwable thrown) throws InterruptedException {
        try (Batches batches = new Batches(new Failing(thrown), null, 4, 0, "data")) {
            batches.next();
        }
    }

    private record Failing(Throwable thrown) implements Iterator<Row> {
        @Override
        public boolean hasNext() {
            return true;
        }

        @Override
        public Row next() {
            throw Failing.<RuntimeException>undeclared(thrown);
        }

        @SuppressWarnings("unchecked")
        private static <T extends Throwable> T undeclared(Throwable thrown) throws T {
            throw (T) thrown;
        }
    }
}
