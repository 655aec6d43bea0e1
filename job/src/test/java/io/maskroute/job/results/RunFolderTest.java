package io.maskroute.job.results;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    private Path temp;

    @Test
    void aRetryForgetsWhatEndedExecutorsUnlessItWasCutShort() throws IOException {
        RunFolder folder = new RunFolder(temp.resolve("run").toString(), new Configuration());
        mark(folder, "of the run");

        folder.beginRetry();
        assertThat(folder.hasSuspects()).isFalse();
        mark(folder, "of the retry");
        folder.beginRetry();
        assertThat(folder.hasSuspects()).isTrue();

        folder.endRetry();
        folder.beginRetry();
        assertThat(folder.hasSuspects()).isFalse();
    }

    private static void mark(RunFolder folder, String name) throws IOException {
        Files.createFile(Files.createDirectories(Path.of(folder.suspects())).resolve(name));
    }
}
