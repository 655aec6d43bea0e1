package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.FakeSegmenters;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureErrorsTest {
    @TempDir
    private Path home;

    @Test
    void aPictureThatTheHeapDoesNotHoldFailsAlone() throws Exception {
        FakeRun run = FakeRun.in(home);
        run.write(
                1,
                image("before", png(20, 30), prompt("a", null, "x")),
                image("large", png(2, FakeSegmenters.TOO_WIDE), prompt("b", null, "x"), prompt("c", null, "y")),
                image("after", png(20, 30), prompt("d", null, "x")));

        CliRun done = run.segment();

        assertThat(done.code()).as(done.err()).isZero();
        assertThat(run.predictions()).allSatisfy(row -> assertThat(row.<Integer>getAs("image_height"))
                .isEqualTo("large".equals(row.getAs("image_id")) ? null : 20));
        Map<String, String> outcome = FakeRun.byPrompt(run.predictions(), row -> {
            Row error = row.getAs("error");
            return error == null ? "ok" : error.getString(0) + "/" + error.getString(1);
        });
        assertThat(outcome)
                .isEqualTo(
                        Map.of("a", "ok", "b", "preprocess/out-of-memory", "c", "preprocess/out-of-memory", "d", "ok"));
    }
}
