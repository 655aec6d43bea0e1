package io.maskroute.datasets.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.maskroute.core.error.UnusableInputException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.security.AccessControlException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HadoopFilesTest {
    @TempDir
    private Path home;

    private Path folder;
    private FileSystem files;

    @BeforeEach
    void aFolderWithAFile() throws IOException {
        folder = Files.createDirectory(home.resolve("folder"));
        Files.writeString(folder.resolve("_maskroute.json"), "{}");
        files = HadoopFiles.fileSystem(path(folder), new Configuration());
    }

    @AfterEach
    void open() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }

    private static org.apache.hadoop.fs.Path path(Path local) {
        return HadoopFiles.path(local.toString());
    }

    @Test
    void whatIsNotThereIsNotThere() throws IOException {
        assertThat(files.exists(path(folder.resolve("none")))).isFalse();
        assertThat(files.exists(path(folder.resolve("none/below")))).isFalse();
        assertThatThrownBy(() -> files.open(path(folder.resolve("none")))).isInstanceOf(FileNotFoundException.class);
        assertThat(files.listStatus(path(folder))).hasSize(1);
    }

    /** As root everything may be read. */
    @Test
    void whatMayNotBeReadIsNotTakenForAbsent() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(folder), "this user may read everything");

        assertThatThrownBy(() -> files.exists(path(folder.resolve("x"))))
                .isInstanceOf(AccessControlException.class)
                .hasMessage("permission denied");
        assertThatThrownBy(() -> files.open(path(folder.resolve("x")))).isInstanceOf(AccessControlException.class);
        assertThatThrownBy(() -> files.listStatus(path(folder))).isInstanceOf(AccessControlException.class);
        assertThatThrownBy(() -> DatasetManifest.read(folder.toString(), new Configuration()))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageEndingWith("_maskroute.json cannot be read: permission denied");
    }
}
