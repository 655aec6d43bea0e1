package io.maskroute.datasets.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.RemoteIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetFolderTest {
    private static final Configuration HADOOP = new Configuration();

    @TempDir
    private Path folder;

    /** The same files through Hadoop's way of listing, as an object store has it. */
    public static final class Remote extends FilterFileSystem {
        public Remote() {
            super(new RawLocalFileSystem());
        }

        @Override
        public String getScheme() {
            return "remote";
        }

        @Override
        public URI getUri() {
            return URI.create("remote:///");
        }

        @Override
        public org.apache.hadoop.fs.Path makeQualified(org.apache.hadoop.fs.Path path) {
            return path.makeQualified(getUri(), new org.apache.hadoop.fs.Path("/"));
        }

        @Override
        public FileStatus getFileStatus(org.apache.hadoop.fs.Path path) throws IOException {
            return fs.getFileStatus(below(path));
        }

        @Override
        public RemoteIterator<LocatedFileStatus> listLocatedStatus(org.apache.hadoop.fs.Path path) throws IOException {
            return fs.listLocatedStatus(below(path));
        }

        private static org.apache.hadoop.fs.Path below(org.apache.hadoop.fs.Path path) {
            return new org.apache.hadoop.fs.Path(null, null, path.toUri().getPath());
        }
    }

    private Path file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, name);
    }

    private static List<String> names(Path root, ParquetFolder listed) {
        String prefix = "file:" + root.toAbsolutePath() + "/";
        return listed.files().stream()
                .map(DataFile::path)
                .peek(path -> assertThat(path).startsWith(prefix))
                .map(path -> path.substring(prefix.length()))
                .toList();
    }

    private static ParquetFolder list(Path root) throws IOException {
        return ParquetFolder.list(root.toString(), HADOOP);
    }

    @Test
    void allParquetFilesAtAnyDepthBelongToIt() throws IOException {
        for (String name : List.of(
                "p.parquet",
                "a/b/c/p.parquet",
                "split=val/p.parquet",
                "run 1/lang=en/p.snappy.parquet",
                "data/0.parquet")) {
            file(name);
        }
        file("_maskroute.json");
        file("images/1.jpg");

        ParquetFolder listed = list(folder);

        assertThat(names(folder, listed))
                .containsExactly(
                        "a/b/c/p.parquet",
                        "data/0.parquet",
                        "p.parquet",
                        "run 1/lang=en/p.snappy.parquet",
                        "split=val/p.parquet");
        assertThat(listed.passedOver()).isEmpty();
        assertThat(listed.files()).allSatisfy(file -> {
            Path path = Path.of(file.path().substring("file:".length()));
            assertThat(file.bytes()).isEqualTo(Files.size(path));
            assertThat(file.modified())
                    .isEqualTo(Files.getLastModifiedTime(path).toMillis());
        });
    }

    @Test
    void whatIsHiddenOrHasAnotherEndingIsCounted() throws IOException {
        for (String name : List.of(
                "p.parquet",
                "_p.parquet",
                ".p.parquet",
                "_temporary/0/q.parquet",
                "a/.old/b/q.parquet",
                "b/_x=1/p.parquet",
                "c/d.PARQUET",
                "c/d.pq",
                "c/d.parquet.gz",
                "_e/d.pq",
                "a_b/.p.parquet.crc")) {
            file(name);
        }

        ParquetFolder listed = list(folder);

        assertThat(names(folder, listed)).containsExactly("p.parquet");
        assertThat(listed.passedOver())
                .hasValue(
                        "5 hidden files (.p.parquet); what begins with _ or . is hidden, and so is all below such a folder;"
                                + " and 3 files (c/d.PARQUET), which does not end in .parquet");
    }

    @Test
    void theFolderItselfMayBeHidden() throws IOException {
        file("_a/.b/c/p.parquet");

        assertThat(names(folder.resolve("_a/.b"), list(folder.resolve("_a/.b"))))
                .containsExactly("c/p.parquet");
    }

    static Stream<String> letters() {
        return Stream.of(
                "[", "]", "{", "}", "?", "*", "\\", " ", "%", "%20", "#", "+", "=", ",", "'", "\"", ":", "ü", "^", "$",
                "~", ";", "&", "\n");
    }

    /** Beside each lies what a pattern of that name would match. */
    @ParameterizedTest
    @MethodSource("letters")
    void aNameIsTakenLetterByLetter(String letter) throws IOException {
        String name = "s" + letter + "1" + letter + "t";
        file(name + "/" + name + "/" + name + ".parquet");
        file(name + "/p.parquet");
        for (String other : List.of("s1t", "st", "s11t", "s", "t", "1", "s 1 t", "sa1bt")) {
            if (!other.equals(name)) {
                file(other + "/p.parquet");
            }
        }
        Path root = folder.resolve(name);

        ParquetFolder listed = list(root);

        assertThat(names(root, listed)).containsExactly("p.parquet", name + "/" + name + ".parquet");
        for (DataFile file : listed.files()) {
            org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(file.path());
            assertThat(HadoopFiles.fileSystem(path, HADOOP).getFileStatus(path).getLen())
                    .isEqualTo(file.bytes());
        }
        assertThat(remote(root).files())
                .extracting(file -> file.path().replace("remote:", "file:"))
                .isEqualTo(listed.files().stream().map(DataFile::path).toList());
    }

    private static ParquetFolder remote(Path root) throws IOException {
        Configuration hadoop = new Configuration(HADOOP);
        hadoop.setClass("fs.remote.impl", Remote.class, org.apache.hadoop.fs.FileSystem.class);
        hadoop.setBoolean("fs.remote.impl.disable.cache", true);
        return ParquetFolder.list("remote:" + root.toAbsolutePath(), hadoop);
    }

    @Test
    void byHadoopsListingTheRuleIsTheSame() throws IOException {
        for (String name : List.of("p.parquet", "a/b/p.parquet", "_x/p.parquet", "a/.q.parquet", "a/p.pq", "a/1.png")) {
            file(name);
        }

        ParquetFolder listed = remote(folder);

        assertThat(listed.files())
                .extracting(DataFile::path)
                .containsExactly("remote:" + folder + "/a/b/p.parquet", "remote:" + folder + "/p.parquet");
        assertThat(listed.passedOver()).isEqualTo(list(folder).passedOver()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:b", "1:2/c", "hdfs", "x?y#z", "a:"})
    void aRelativePathIsNoUri(String path) {
        assertThat(HadoopFiles.path(path).toUri().getScheme()).isNull();
        assertThat(HadoopFiles.path(path).getName())
                .isEqualTo(Path.of(path).getFileName().toString());
    }

    @Test
    void aUriIsOne() {
        assertThat(HadoopFiles.path("s3a://bucket/a b/c%20d").toUri().getHost()).isEqualTo("bucket");
        assertThat(HadoopFiles.path("s3a://bucket/a b/c%20d").toString()).isEqualTo("s3a://bucket/a b/c%20d");
        assertThat(HadoopFiles.path("file:/a?b").toUri().getPath()).isEqualTo("/a?b");
    }

    @Test
    void aSingleFileIsTakenWhateverItsName() throws IOException {
        Path file = file("_x.bin");

        assertThat(list(file).files()).extracting(DataFile::path).containsExactly("file:" + file);
    }

    @Test
    void nothingThereIsSaidByTheCaller() {
        assertThatThrownBy(() -> list(folder.resolve("none"))).isInstanceOf(FileNotFoundException.class);
    }

    @Test
    void linksAreFollowedOnce() throws IOException {
        file("a/p.parquet");
        Files.createSymbolicLink(folder.resolve("a/back"), folder);
        Files.createSymbolicLink(folder.resolve("b"), folder.resolve("a"));

        assertThat(names(folder, list(folder)))
                .contains("a/p.parquet", "b/p.parquet")
                .hasSizeLessThan(5);
    }

    @Test
    void aLinkToNothingIsNamedIfItHasRows() throws IOException {
        file("p.parquet");
        Files.createSymbolicLink(folder.resolve("1.png"), folder.resolve("none"));
        assertThat(names(folder, list(folder))).containsExactly("p.parquet");

        Files.createSymbolicLink(folder.resolve("q.parquet"), folder.resolve("none"));

        assertThatThrownBy(() -> list(folder))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("q.parquet is a link to nothing: restore what it led to, or remove it");
    }
}
