package io.maskroute.datasets.score;

import io.maskroute.datasets.metrics.Score;
import java.util.List;

/** What scoring one pair of truth and predictions gives. Its JSON is what {@code score --json} writes. */
public interface ScoreReport {
    /** As the command line names it. */
    String format();

    List<Score> scores();

    /** What a reader must know before believing a figure. */
    List<String> notes();
}
