package io.maskroute.job.testing;

import java.io.StringWriter;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.layout.PatternLayout;

/** Everything that this JVM logs at a level or above it, until it is closed. */
public final class WholeLog implements AutoCloseable {
    private static final String NAME = "captured";

    private final StringWriter text = new StringWriter();
    private final LoggerConfig root;
    private final Level before;

    public WholeLog(Level level) {
        LoggerContext context = (LoggerContext) LogManager.getContext(false);
        root = context.getConfiguration().getRootLogger();
        before = root.getLevel();
        WriterAppender appender = WriterAppender.newBuilder()
                .setName(NAME)
                .setTarget(text)
                .setLayout(PatternLayout.newBuilder()
                        .withPattern("%p %c{1}: %m%n%ex")
                        .build())
                .build();
        appender.start();
        root.setLevel(level);
        root.getAppenders().values().forEach(other -> {
            root.removeAppender(other.getName());
            root.addAppender(other, before, null);
        });
        root.addAppender(appender, level, null);
        context.updateLoggers();
    }

    public String text() {
        return text.toString();
    }

    @Override
    public void close() {
        root.removeAppender(NAME);
        root.setLevel(before);
        ((LoggerContext) LogManager.getContext(false)).updateLoggers();
    }
}
