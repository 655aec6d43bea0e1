package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.error.UnusableInputException;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

class SegmentTaskTest {
    @Test
    void whereAModelCannotBeOpenedIsInWhatTheUserGets() {
        UnusableInputException refusal = new UnusableInputException("the device cuda:1 cannot be used");

        UnusableInputException located = SegmentTask.onExecutor(refusal, "node7", "12");

        assertThat(SparkFailures.explained(new SparkException("Job aborted", located)))
                .isInstanceOf(UnusableInputException.class)
                .hasMessage("on node7 (executor 12): the device cuda:1 cannot be used")
                .hasCause(refusal);
    }
}
