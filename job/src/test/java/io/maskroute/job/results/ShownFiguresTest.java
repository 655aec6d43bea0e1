package io.maskroute.job.results;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.testing.Datasets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** What a summary says of predictions, and which of them a report shows. */
class ShownFiguresTest {
    private static Dataset<Row> rows(SparkSession spark, Stream<String> json) {
        return spark.read().json(spark.createDataset(json.toList(), Encoders.STRING()));
    }

    @Test
    void halfOfThePromptsAreFasterThanP50AndOneInTwentyIsSlowerThanP95() {
        Datasets.withSpark(spark -> {
            List<String> stages = new ArrayList<>(PredictionFigures.LATENCIES);
            Dataset<Row> predictions = rows(
                    spark,
                    IntStream.rangeClosed(1, 100)
                            .mapToObj(i -> stages.stream()
                                    .map(stage -> "\"" + stage.substring("latency.".length()) + "\": "
                                            + (stage.contains("queue") ? 0.0 : (double) i))
                                    .toList()
                                    .toString())
                            .map(list -> "{\"latency\": {" + list.substring(1, list.length() - 1) + "}}"));

            Map<String, RunSummary.Latency> latency = PredictionFigures.latency(predictions);

            assertThat(latency.get("vision").p50()).isEqualTo(50);
            assertThat(latency.get("vision").p95()).isEqualTo(95);
            assertThat(latency.get(RunSummary.TOTAL).mean()).isEqualTo(50.5);
            return null;
        });
    }

    @Test
    void theGalleryHasTheBestTheWorstAndTheFailed() {
        Datasets.withSpark(spark -> {
            Dataset<Row> predictions = rows(
                    spark,
                    IntStream.range(10, 50)
                            .mapToObj(i -> "{\"prompt_id\": \"p" + i + "\", \"image_id\": \"i\", \"status\": \""
                                    + (i % 10 == 5 ? "failed" : "ok") + "\", \"truth\": {\"iou\": " + i / 100.0
                                    + "}}"));

            List<String> picks = List.copyOf(ReportSource.picks(predictions, 8));

            assertThat(picks).hasSize(8).doesNotHaveDuplicates();
            assertThat(picks.subList(0, 2)).containsExactly("p49", "p48");
            assertThat(picks.subList(2, 4)).containsExactly("p10", "p11");
            assertThat(picks.subList(4, 6)).isSubsetOf("p15", "p25", "p35", "p45");
            return null;
        });
    }
}
