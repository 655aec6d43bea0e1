package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.submit.Installation.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code mvn package} leaves for machines without Maven: unpacked, read-only, for a user without a home. */
class PackageIT {
    @TempDir
    private Path folder;

    @AfterEach
    void makeRemovable() throws Exception {
        shell("chmod -R u+w .");
    }

    @Test
    void theFirstCommandRunsFromIt() throws Exception {
        Path jar = Path.of(System.getProperty("application.jar"));
        Path tarball = jar.resolveSibling(jar.getFileName().toString().replace("-all.jar", "-bin.tar.gz"));
        shell("tar xzf '" + tarball + "' && mv maskroute-* installed && chmod -R a-w installed && mkdir data");
        Path data = folder.resolve("data");

        Outcome demo = Installation.run(
                data,
                Map.of("HOME", "", "TMPDIR", data.toString(), "DJL_CACHE_DIR", "", "PATH", "/usr/bin:/bin"),
                List.of(folder.resolve("installed/submit/local.sh").toString()));

        assertThat(demo.code()).as(demo.err()).isZero();
        assertThat(demo.out().lines().count() + demo.err().lines().count()).isLessThanOrEqualTo(40);
        assertThat(demo.err()).doesNotContain("WARN", "building");
        assertThat(data.resolve("out/demo/comparison.html")).isNotEmptyFile();
        assertThat(folder.resolve("installed/THIRD-PARTY.txt")).isNotEmptyFile();
        assertThat(folder.resolve("installed/LICENSE")).isNotEmptyFile();
        try (var entries = Files.list(data)) {
            assertThat(entries.map(entry -> entry.getFileName().toString()))
                    .allMatch(name -> name.equals("out") || name.startsWith("maskroute-"));
        }
    }

    private void shell(String command) throws Exception {
        Outcome outcome = Installation.run(folder, Map.of(), List.of("bash", "-c", command));
        assertThat(outcome.code()).as(outcome.err()).isZero();
    }
}
