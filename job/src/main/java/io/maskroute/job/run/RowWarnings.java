package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.job.config.Redaction;
import io.maskroute.job.predictions.Prediction;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one task logs about prompts that failed: the first ones with their names, then how many more there were. Names stand
 * in the message as {@code key=value} and beside it as SLF4J's key-value pairs, which Log4j puts into the thread context, where
 * JSON layouts find them. Belongs to one thread.
 */
final class RowWarnings implements AutoCloseable {
    static final int MOST = 5;

    private static final Logger LOG = LoggerFactory.getLogger(RowWarnings.class);
    private static final Pattern PLAIN = Pattern.compile("[\\p{Alnum}_.:/@+-]+");
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}+");

    private long failed;

    void add(Prediction prediction) {
        RowFailure error = prediction.error();
        if (error == null || ++failed > MOST) {
            return;
        }
        LOG.atWarn()
                .addKeyValue("image_id", prediction.question().imageId())
                .addKeyValue("prompt_id", prediction.question().promptId())
                .addKeyValue("stage", error.stage().label())
                .addKeyValue("kind", error.kind())
                .log(
                        "Prompt failed: image_id={} prompt_id={} stage={} kind={} message={}",
                        value(prediction.question().imageId()),
                        value(prediction.question().promptId()),
                        error.stage().label(),
                        value(error.kind()),
                        value(Redaction.uri(String.valueOf(error.getMessage()))));
    }

    /** Ids and messages come from the data: one that holds a line break must not look like two lines of the log. */
    private static String value(String text) {
        if (text == null || PLAIN.matcher(text).matches()) {
            return text;
        }
        String line = CONTROL.matcher(text).replaceAll(" ");
        return '"' + line.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    @Override
    public void close() {
        if (failed > MOST) {
            LOG.atWarn()
                    .addKeyValue("not_logged", failed - MOST)
                    .log("{} more prompts of this task failed; their rows hold the reasons", failed - MOST);
        }
        failed = 0;
    }
}
