package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.job.predictions.Prediction;
import io.maskroute.job.testing.CapturedLog;
import java.nio.file.Path;
import java.util.List;
import org.apache.logging.log4j.core.Layout;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.junit.jupiter.api.Test;

class RowWarningsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void theFirstFailuresOfATaskAreNamedAndTheOthersCounted() {
        List<LogEvent> events = logged(warnings -> {
            for (int i = 0; i < 1000; i++) {
                warnings.add(failed("image-" + i, "prompt-" + i, "unreadable"));
            }
        });

        assertThat(events).hasSize(RowWarnings.MOST + 1);
        assertThat(message(events.get(4)))
                .isEqualTo("Prompt failed: image_id=image-4 prompt_id=prompt-4 stage=decode kind=unreadable-image"
                        + " message=unreadable");
        assertThat(message(events.get(5)))
                .isEqualTo("995 more prompts of this task failed; their rows hold the reasons");
    }

    @Test
    void whatWorksIsNotLogged() {
        assertThat(logged(warnings -> warnings.add(
                        new Prediction(question("i", "p"), null, null, List.of(), null, null, null, null, null))))
                .isEmpty();
    }

    @Test
    void whatTheDataSayStaysOnItsLineAndShowsNoPasswords() {
        List<LogEvent> events = logged(warnings -> warnings.add(failed(
                "a\nWARN forged \"line\"", null, "s3a://key:secret@bucket/a.png cannot be read:\r\nno such bucket")));

        assertThat(message(events.get(0)))
                .isEqualTo("Prompt failed: image_id=\"a WARN forged \\\"line\\\"\" prompt_id=null stage=decode"
                        + " kind=unreadable-image message=\"s3a://bucket/a.png cannot be read: no such bucket\"");
    }

    @Test
    void theJsonLayoutHasTheNamesAsFields() throws Exception {
        List<LogEvent> events = logged(warnings -> warnings.add(failed("a b", "p\"1", "unreadable")));

        JsonNode line = JSON.readTree(jsonLayout().toByteArray(events.get(0)));

        assertThat(line.path("level").asText()).isEqualTo("WARN");
        JsonNode context = line.path("context");
        assertThat(context.path("image_id").asText()).isEqualTo("a b");
        assertThat(context.path("prompt_id").asText()).isEqualTo("p\"1");
        assertThat(context.path("stage").asText()).isEqualTo("decode");
        assertThat(context.path("kind").asText()).isEqualTo("unreadable-image");
    }

    private static Layout<?> jsonLayout() {
        LoggerContext context = new LoggerContext("json");
        context.setConfigLocation(Path.of("../conf/log4j2-json.properties").toUri());
        try {
            return context.getConfiguration().getAppender("console").getLayout();
        } finally {
            context.stop();
        }
    }

    private interface Work {
        void with(RowWarnings warnings);
    }

    private static List<LogEvent> logged(Work work) {
        return CapturedLog.of(RowWarnings.class, () -> {
            try (RowWarnings warnings = new RowWarnings()) {
                work.with(warnings);
            }
        });
    }

    private static String message(LogEvent event) {
        return event.getMessage().getFormattedMessage();
    }

    private static Prediction.Question question(String image, String prompt) {
        return new Prediction.Question(image, "i.png", prompt, "referring", List.of("a"), null);
    }

    private static Prediction failed(String image, String prompt, String message) {
        return Prediction.failed(
                question(image, prompt), null, new RowFailure(Stage.DECODE, "unreadable-image", message), null);
    }
}
