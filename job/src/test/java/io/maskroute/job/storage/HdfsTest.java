package io.maskroute.job.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole run with dataset, pictures, model and output on a real HDFS, with one name node and one data node. */
class HdfsTest {
    @TempDir
    private Path home;

    @Test
    void aRunOverHdfsGivesTheRowsOfALocalRun() throws IOException {
        Path model = Files.createDirectory(home.resolve("model"));
        Files.writeString(model.resolve(FakeSegmenters.FINGERPRINT), "fake-model in HDFS");
        Path files = home.resolve("local");
        StoredRuns.writeDataset(files, files.toUri().toString(), "hush");
        CliRun here = CliRun.withSpark(
                home,
                StoredRuns.with(StoredRuns.arguments(files.toString(), model.toString(), home + "/out"), Map.of()));
        assertThat(here.code()).as(here.err()).isZero();
        MiniDFSCluster cluster = new MiniDFSCluster.Builder(
                        new Configuration(), home.resolve("hdfs").toFile())
                .numDataNodes(1)
                .build();
        try (FileSystem hdfs = cluster.getFileSystem()) {
            String root = hdfs.getUri().toString();
            Path remote = home.resolve("remote");
            StoredRuns.writeDataset(remote, root + "/dataset", "hush");
            StoredRuns.upload(hdfs, remote, root + "/dataset");
            StoredRuns.upload(hdfs, model, root + "/model");

            WaveWatch watch = new WaveWatch(hdfs, root + "/out/predictions", StoredRuns.ROWS_PER_WAVE);
            CliRun run = CliRun.withSpark(
                    home,
                    StoredRuns.with(
                            StoredRuns.arguments(root + "/dataset", root + "/model", root + "/out"),
                            Map.of("model.cache", home.resolve("cache").toString())));
            watch.end();

            assertThat(watch.complaints()).isEmpty();
            assertThat(watch.completeWaves()).isEqualTo(StoredRuns.WAVES);
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(hdfs.exists(new org.apache.hadoop.fs.Path("/out/report.html")))
                    .isTrue();
            assertThat(StoredRuns.rows(StoredRuns.download(hdfs, root + "/out/predictions", home.resolve("copy"))))
                    .isEqualTo(StoredRuns.rows(home.resolve("out/predictions")));
        } finally {
            cluster.shutdown(true);
        }
    }
}
