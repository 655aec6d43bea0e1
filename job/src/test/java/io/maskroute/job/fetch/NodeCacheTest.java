package io.maskroute.job.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.job.config.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeCacheTest {
    private static final List<String> NAMES = List.of("a.json", "b.safetensors", "c.safetensors");

    @TempDir
    private Path home;

    private Path remote;
    private Path folder;
    private String uri;

    @BeforeEach
    void aModelOfThreeFiles() throws IOException {
        remote = Files.createDirectories(home.resolve("far/model"));
        folder = home.resolve("cache");
        uri = "counted:" + remote;
        for (String name : NAMES) {
            Files.writeString(remote.resolve(name), "content of " + name);
        }
    }

    @Test
    void aFolderIsFetchedOnceAndByThisUserAlone() throws IOException {
        Path first = fetch();
        Path second = fetch();

        assertThat(first).isEqualTo(second);
        assertThat(CountedFiles.openings(remote)).isEqualTo(NAMES.size());
        assertSameContent(first);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
    }

    @Test
    void processesThatStartTogetherFetchOnce() throws IOException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            processes.add(FetchingProcess.start(folder, uri));
        }
        List<String> copies = new ArrayList<>();
        for (Process process : processes) {
            copies.add(FetchingProcess.result(process));
        }

        assertThat(CountedFiles.openings(remote)).isEqualTo(NAMES.size());
        assertThat(copies).hasSize(4).containsOnly(copies.get(0));
        assertSameContent(Path.of(copies.get(0)));
    }

    @Test
    void aChangedFolderIsFetchedAgainAndTheOldCopyGoes() throws IOException {
        Path old = fetch();
        Files.writeString(remote.resolve("b.safetensors"), "other content of b");

        Path changed = fetch();

        assertSameContent(changed);
        assertThat(old).doesNotExist();
    }

    @Test
    void whatAKilledProcessLeavesIsNeverUsed() throws Exception {
        Process process = FetchingProcess.start(folder, uri);
        while (CountedFiles.openings(remote) < 2) {
            Thread.sleep(5);
        }
        process.destroyForcibly().waitFor();
        try (Stream<Path> left = Files.walk(folder)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .as("what is left of the first file's copy")
                    .contains("a.json")
                    .doesNotContain("SHA256SUMS");
        }

        assertSameContent(fetch());
        try (Stream<Path> left = Files.walk(folder)) {
            assertThat(left.map(Path::toString)).noneMatch(path -> path.endsWith(".half"));
        }
    }

    @Test
    void aCopyThatIsNoLongerWhatWasFetchedIsReplaced() throws IOException {
        // Another process made it, so this one has to look.
        Path copy = Path.of(FetchingProcess.result(FetchingProcess.start(folder, uri)));
        String damaged = Files.readString(copy.resolve("c.safetensors")).replace('c', 'x');
        Files.writeString(copy.resolve("c.safetensors"), damaged);

        assertThat(fetch()).isEqualTo(copy);
        assertSameContent(copy);
        assertThat(CountedFiles.openings(remote)).isEqualTo(2L * NAMES.size());
    }

    @Test
    void aCopyThatWasOnlyMovedIsKept() throws IOException {
        Path copy = Path.of(FetchingProcess.result(FetchingProcess.start(folder, uri)));
        Files.copy(copy.resolve("c.safetensors"), home.resolve("c"));
        Files.move(home.resolve("c"), copy.resolve("c.safetensors"), StandardCopyOption.REPLACE_EXISTING);

        assertThat(Path.of(FetchingProcess.result(FetchingProcess.start(folder, uri))))
                .isEqualTo(copy);
        assertThat(CountedFiles.openings(remote)).isEqualTo(NAMES.size());
        assertThat(copy.resolve("STAMPS")).content().contains("c.safetensors");
        assertThat(fetch()).isEqualTo(copy);
    }

    @Test
    void aFolderThatOthersMayReadIsMadePrivate() throws IOException {
        Files.createDirectory(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));

        fetch();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
    }

    @Test
    void aFolderThatOthersMayWriteIsRefused() throws IOException {
        Files.createDirectory(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(this::fetch)
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("can be written by others (mode rwxrwxrwx)")
                .hasMessageContaining("model.cache");
        assertThat(CountedFiles.openings(remote)).isZero();
    }

    /** Only root can give a folder away. */
    @Test
    void aFolderOfAnotherUserIsRefused() throws IOException {
        Files.createDirectory(folder);
        assumeTrue(Files.getAttribute(folder, "unix:uid").equals(0), "not root");
        Files.setAttribute(folder, "unix:uid", 12345);

        assertThatThrownBy(this::fetch)
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("belongs to another user")
                .hasMessageContaining("model.cache");
        assertThat(CountedFiles.openings(remote)).isZero();
    }

    @Test
    void aSingleFileIsFetchedUnderItsName() throws IOException {
        Path copy = cache().fetch(new org.apache.hadoop.fs.Path(uri + "/a.json"), List::copyOf, "routing");

        assertThat(copy.getFileName()).hasToString("a.json");
        assertThat(copy).hasContent("content of a.json");
    }

    @Test
    void whatIsMissingIsNamed() {
        assertThatThrownBy(() -> cache().fetch(new org.apache.hadoop.fs.Path(uri + "/none"), List::copyOf, "model"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("there is no model " + uri + "/none");
    }

    @Test
    void aCacheThatCannotBeWrittenIsNamedWithItsKey() throws IOException {
        Files.writeString(folder, "a file");

        assertThatThrownBy(this::fetch)
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining("model.cache");
    }

    @Test
    void ofAModelFolderOnlyWhatIsReadIsFetched() {
        assertThat(ModelFolder.filesToRead(List.of(
                        "config.json",
                        "tokenizer.json",
                        "model.safetensors",
                        "pytorch_model.bin",
                        "optimizer.pt",
                        "README.md")))
                .containsExactly("config.json", "tokenizer.json", "model.safetensors");
        assertThat(ModelFolder.filesToRead(
                        List.of("config.json", "pytorch_model-00001-of-00002.bin", "flax_model.msgpack")))
                .containsExactly("config.json", "pytorch_model-00001-of-00002.bin");
        assertThat(ModelFolder.filesToRead(
                        List.of("config.json", "vocab.json", "merges.txt", "notes.txt", "model.safetensors")))
                .containsExactly("config.json", "vocab.json", "merges.txt", "model.safetensors");
    }

    @Test
    void pathsOfThisMachineStayWhatTheyAre() {
        ModelOptions model = new ModelOptions("file:///models/m", "conf/half.json", "fp32", "cpu", false);

        assertThat(ModelFiles.isRemote(model)).isFalse();
        assertThat(new ModelFiles(null).local(model))
                .isEqualTo(new ModelOptions("/models/m", "conf/half.json", "fp32", "cpu", false));
        assertThat(ModelFiles.isRemote(new ModelOptions("m", "s3a://b/half.json", "fp32", "cpu", false)))
                .isTrue();
    }

    private NodeCache cache() {
        return new NodeCache(folder, CountedFiles.configuration());
    }

    private Path fetch() {
        return cache().fetch(new org.apache.hadoop.fs.Path(uri), List::copyOf, "model");
    }

    private void assertSameContent(Path copy) throws IOException {
        for (String name : NAMES) {
            assertThat(copy.resolve(name)).hasSameBinaryContentAs(remote.resolve(name));
        }
    }
}
