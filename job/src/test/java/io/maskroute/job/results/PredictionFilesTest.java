package io.maskroute.job.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.commit.GroupManifest.PredictionFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictionFilesTest {
    @TempDir
    private Path run;

    private PredictionFiles files;

    @BeforeEach
    void open() {
        files = new RunFolder(run.toString(), new Configuration()).predictionFiles();
    }

    private static PredictionFile file(String name) {
        return new PredictionFile(PredictionFiles.path(name), 1, 0, 1);
    }

    private void write(String... names) throws IOException {
        for (String name : names) {
            Files.writeString(Files.createDirectories(Path.of(files.hidden())).resolve(name), name);
        }
    }

    private List<String> in(String folder) throws IOException {
        try (Stream<Path> all = Files.list(run.resolve(folder))) {
            return all.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void whatCountsIsShownAndWhatWasJoinedGoes() throws IOException {
        write("small-1.parquet", "small-2.parquet", "joined.parquet", "at-work.parquet");

        files.publish(List.of(file("joined.parquet")), List.of());
        files.discard(List.of("small-1.parquet", "small-2.parquet"));

        assertThat(in("predictions")).containsExactly("joined.parquet");
        assertThat(in("predictions/_new")).containsExactly("at-work.parquet");
        assertThat(files.showsJust(List.of(file("joined.parquet")))).isTrue();
        files.deleteHidden();
        assertThat(run.resolve("predictions/_new")).doesNotExist();
    }

    /** As after drivers that were cut short at any point of it. */
    @Test
    void whatIsHalfShownIsShownByTheNextDriver() throws IOException {
        write("old.parquet", "kept.parquet");
        files.publish(List.of(file("old.parquet"), file("kept.parquet")), List.of());
        write("new.parquet");
        List<PredictionFile> live = List.of(file("kept.parquet"), file("new.parquet"));
        List<String> replaced = List.of(PredictionFiles.path("old.parquet"));
        assertThat(files.showsJust(live)).isFalse();
        assertThat(files.located(live))
                .extracting(found -> found.path().substring(found.path().indexOf("predictions")))
                .containsExactly("predictions/kept.parquet", "predictions/_new/new.parquet");

        for (int i = 0; i < 2; i++) {
            files.publishAll(live, replaced);
            assertThat(in("predictions")).containsExactly("kept.parquet", "new.parquet");
            assertThat(files.showsJust(live)).isTrue();
        }
    }

    @Test
    void aFileThatIsGoneIsNamed() throws IOException {
        write("here.parquet");

        assertThatThrownBy(() -> files.located(List.of(file("here.parquet"), file("gone.parquet"))))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("predictions/gone.parquet is gone, though its rows count");
    }
}
