package io.maskroute.job.testing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;

/** What a class logs while something runs. */
public final class CapturedLog {
    private CapturedLog() {}

    public static List<LogEvent> of(Class<?> logger, Runnable work) {
        return of(logger.getName(), work);
    }

    public static List<LogEvent> of(String logger, Runnable work) {
        List<LogEvent> events = new CopyOnWriteArrayList<>();
        AbstractAppender appender = new AbstractAppender("captured", null, null, false, Property.EMPTY_ARRAY) {
            @Override
            public void append(LogEvent event) {
                events.add(event.toImmutable());
            }
        };
        appender.start();
        Configurator.setLevel(logger, Level.INFO);
        Logger log = (Logger) LogManager.getLogger(logger);
        log.addAppender(appender);
        try {
            work.run();
        } finally {
            log.removeAppender(appender);
            appender.stop();
        }
        return events;
    }
}
