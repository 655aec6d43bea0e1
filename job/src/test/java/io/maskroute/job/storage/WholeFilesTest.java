package io.maskroute.job.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFilesTest {
    private static final int WRITERS = 8;
    private static final int ROUNDS = 50;

    @TempDir
    private Path folder;

    private final WholeFiles files = new WholeFiles(new Configuration());

    @Test
    void ofWritersAtTheSameTimeOneWins() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
        try {
            for (int round = 0; round < ROUNDS; round++) {
                Path file = folder.resolve("deep/" + round);
                List<Callable<Boolean>> writers = new ArrayList<>();
                for (int i = 0; i < WRITERS; i++) {
                    byte[] content = ("writer " + i).repeat(1000).getBytes(StandardCharsets.UTF_8);
                    writers.add(() -> files.create(hadoop(file), content));
                }
                List<Integer> winners = new ArrayList<>();
                List<Future<Boolean>> results = threads.invokeAll(writers);
                for (int i = 0; i < WRITERS; i++) {
                    if (results.get(i).get()) {
                        winners.add(i);
                    }
                }
                assertThat(winners).hasSize(1);
                assertThat(file).hasContent(("writer " + winners.get(0)).repeat(1000));
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(names(folder.resolve("deep"))).hasSize(ROUNDS).noneMatch(name -> name.startsWith("."));
    }

    @Test
    void aFileThatCannotBeWrittenLeavesTheOldOne() throws IOException {
        Path file = folder.resolve("a.json");
        files.replace(hadoop(file), out -> out.write('1'));

        assertThatThrownBy(() -> files.replace(hadoop(file), out -> {
                    out.write('2');
                    throw new IOException("no space left on device");
                }))
                .hasMessage("no space left on device");

        assertThat(file).hasContent("1");
        assertThat(names(folder)).containsExactly("a.json");
    }

    @Test
    void whereThereAreNoLinksTheFirstWriterWinsToo() throws IOException {
        Path file = folder.resolve("a.json");

        assertThat(WholeFiles.createWithoutLinks(file, new byte[] {'1'})).isTrue();
        assertThat(WholeFiles.createWithoutLinks(file, new byte[] {'2'})).isFalse();

        assertThat(file).hasContent("1");
    }

    @Test
    void thisMachinesDisksTellWritersApart() throws IOException {
        assertThat(files.doubt(hadoop(folder))).isEmpty();
        assertThat(names(folder)).isEmpty();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }

    private static org.apache.hadoop.fs.Path hadoop(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }
}
