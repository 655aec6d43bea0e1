package io.maskroute.job.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes suspects of the pictures that an executor had in its model when it died by its own doing. Who is preempted, decommissioned
 * or lost with its node died of something else: Spark tells the two apart.
 */
final class LostExecutors extends SparkListener {
    private static final Logger LOG = LoggerFactory.getLogger(LostExecutors.class);

    private final String suspects;
    private final Configuration hadoop;
    private final Function<String, List<String>> inHand;
    private final Set<String> known = new HashSet<>();

    /**
     * @param suspects folder of the marks
     * @param inHand what an executor said last
     */
    LostExecutors(String suspects, Configuration hadoop, Function<String, List<String>> inHand) {
        this.suspects = suspects;
        this.hadoop = hadoop;
        this.inHand = inHand;
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
        // One for each of its tasks.
        if (end.reason() instanceof ExecutorLostFailure lost && lost.exitCausedByApp() && known.add(lost.execId())) {
            List<String> pictures = inHand.apply(lost.execId());
            LOG.warn("Executor {} was lost with {} pictures in its model", lost.execId(), pictures.size());
            try {
                Suspects.blame(suspects, hadoop, pictures);
            } catch (IOException | UncheckedIOException e) {
                LOG.warn("What it had in hand could not be marked in {}: {}", suspects, e.getMessage());
            }
        }
    }
}
