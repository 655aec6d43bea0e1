package io.maskroute.job.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();

    private Lease take(boolean takeOver) {
        return Lease.take(
                new org.apache.hadoop.fs.Path(folder.resolve("lease").toUri()),
                new Configuration(),
                "out",
                PATIENCE,
                takeOver,
                said::add);
    }

    @Test
    void whoFindsAHolderAtWorkStaysOut() {
        try (Lease first = take(false)) {
            assertThat(first.epoch()).isEqualTo(1);

            assertThatThrownBy(() -> take(false))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("the output out is in use by process "
                            + ProcessHandle.current().pid())
                    .hasMessageContaining("--take-over");

            assertThatCode(first::requireHeld).doesNotThrowAnyException();
        }
    }

    @Test
    void whatWasGivenBackIsTakenWithoutAWord() {
        take(false).close();

        try (Lease second = take(false)) {
            assertThat(second.epoch()).isEqualTo(2);
            assertThat(said).isEmpty();
        }
    }

    @Test
    void aHolderThatWasTakenOverFindsOut() {
        Lease first = take(false);
        try (Lease second = take(true)) {
            assertThat(second.epoch()).isEqualTo(2);
            assertThat(said).singleElement().asString().startsWith("taking over out from process ");

            assertThatThrownBy(first::requireHeld)
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("taken over");
            first.close();
            assertThatCode(second::requireHeld).doesNotThrowAnyException();
        }
    }

    @Test
    void aCounterThatStandsStillIsAHolderThatIsGone() throws IOException {
        take(false).close();
        // Of another machine, so that nobody can look for the process.
        edit(record -> record.put("released", false).put("host", "elsewhere"));

        try (Lease second = take(false)) {
            assertThat(second.epoch()).isEqualTo(2);
            assertThat(said).hasSize(2);
            assertThat(said.get(0)).contains("is held by").contains("waiting up to 2 s");
            assertThat(said.get(1)).contains("has not been heard of for 2 s");
        }
    }

    @Test
    void aProcessOfThisMachineThatHasEndedIsNotWaitedFor() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        take(false).close();
        edit(record -> record.put("released", false).put("pid", ended.pid()));

        try (Lease second = take(false)) {
            assertThat(second.epoch()).isEqualTo(2);
            assertThat(said).singleElement().asString().endsWith("has ended");
        }
    }

    /** Process ids are used again. */
    @Test
    void anotherProcessOfTheSameIdIsNotTheHolder() throws Exception {
        take(false).close();
        edit(record -> record.put("released", false)
                .put("process_started", record.get("process_started").asLong() - 60_000));

        try (Lease second = take(false)) {
            assertThat(second.epoch()).isEqualTo(2);
            assertThat(said).singleElement().asString().endsWith("has ended");
        }
    }

    @Test
    void itSaysWhoHoldsIt() throws IOException {
        try (Lease lease = take(false)) {
            lease.describe("run-1", "app-2");
            JsonNode record = record();

            assertThat(record.get("epoch").asInt()).isEqualTo(1);
            assertThat(record.get("run_id").asText()).isEqualTo("run-1");
            assertThat(record.get("application_id").asText()).isEqualTo("app-2");
            assertThat(record.get("pid").asLong())
                    .isEqualTo(ProcessHandle.current().pid());
            assertThat(record.get("counter").asLong()).isPositive();
            assertThat(record.fieldNames())
                    .toIterable()
                    .contains("epoch", "run_id", "application_id", "host", "user", "pid", "started", "counter");
        }
    }

    private interface Edit {
        void of(ObjectNode record);
    }

    private void edit(Edit edit) throws IOException {
        ObjectNode record = (ObjectNode) record();
        edit.of(record);
        Files.writeString(folder.resolve("lease/000001.json"), record.toString());
    }

    private JsonNode record() throws IOException {
        return new ObjectMapper().readTree(folder.resolve("lease/000001.json").toFile());
    }
}
