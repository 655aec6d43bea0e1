package io.maskroute.job.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.image.ExifOrientation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
    @TempDir
    private Path home;

    @Test
    void everyLayerWinsOverTheOneBelow() throws IOException {
        site("runtime { queue-bytes = 11k, images-ahead = 12, prompts-per-call = 13 }");
        Path file = Files.writeString(home.resolve("my.conf"), "runtime { queue-bytes = 21k, images-ahead = 22 }");

        JobConfig config = ConfigLoader.load(home, Optional.of(file), Map.of("runtime.queue-bytes", "31k"));

        assertThat(config.runtime().queueBytes()).isEqualTo(31 << 10);
        assertThat(config.runtime().imagesAhead()).isEqualTo(22);
        assertThat(config.runtime().promptsPerCall()).isEqualTo(13);
        assertThat(config.modelOptions().dtype()).isEqualTo("auto");
    }

    @Test
    void theOrientationOfPicturesIsTheDatasetsUnlessSet() {
        assertThat(load(Map.of()).orientation()).isEmpty();
        assertThat(load(Map.of("dataset.orientation", "apply")).orientation()).contains(ExifOrientation.APPLY);
        assertThat(load(Map.of("dataset.orientation", "stored")).orientation()).contains(ExifOrientation.STORED);
    }

    @Test
    void foldersOfPicturesComeAsAListOrAlone() throws IOException {
        assertThat(roots("/a b,c")).containsExactly("/a b,c");
        assertThat(roots("[]")).isEmpty();
        assertThat(roots("[/a, s3a://b/c]")).containsExactly("/a", "s3a://b/c");
        assertThat(roots("[\"/a,b\",\"/c\\\"d\"]")).containsExactly("/a,b", "/c\"d");
        site("dataset.image-roots = [\"/x\", \"https://h/y/\"]");
        assertThat(load(Map.of()).runtime().imageRoots()).containsExactly("/x", "https://h/y/");
        assertThatThrownBy(() -> roots("[\"/a\",7]")).hasMessageContaining("must be a list of folders and URIs");
        assertThatThrownBy(() -> roots("[https://me:word@h/]"))
                .hasMessageContaining("dataset.image-roots carries a password")
                .hasMessageNotContaining("word@");
    }

    private List<String> roots(String value) {
        return load(Map.of("dataset.image-roots", value)).runtime().imageRoots();
    }

    @Test
    void valuesOfTheCommandLineAreTakenAsTheyAre() {
        JobConfig config = load(Map.of("dataset.path", "s3a://bucket/a b # c", "model.path", "m"));

        assertThat(config.dataset()).isEqualTo("s3a://bucket/a b # c");
    }

    @Test
    void anUnknownKeyIsRefusedWithItsPlaceAndTheNearestKnownOne() throws IOException {
        site("\n\nruntime.quueue-bytes = 3");

        assertThatThrownBy(() -> load(Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("maskroute.conf: 3")
                .hasMessageContaining("unknown key \"runtime.quueue-bytes\"; did you mean \"runtime.queue-bytes\"?");
    }

    @ParameterizedTest
    @CsvSource({
        "runtime.images-ahead, many, runtime.images-ahead cannot be \"many\"",
        "runtime.images-ahead, 0, 'runtime.images-ahead must be 1 to 1024, not 0'",
        "runtime.queue-bytes, much, runtime.queue-bytes cannot be \"much\"",
        "runtime.queue-bytes, 0, runtime.queue-bytes must be more than nothing",
        "runtime.gpu-device, cuda:0, 'runtime.gpu-device must be cuda:{address} or cpu, not \"cuda:0\"'",
        "model.dtype, fp8, 'model.dtype must be auto or fp32 or bf16 or fp16, not \"fp8\"'",
        "model.device, tpu, 'model.device must be auto, cpu, gpu, cuda:N or cuda:N,M, not \"tpu\"'",
        "output.fresh, perhaps, output.fresh cannot be \"perhaps\"",
        "output.max-failure-rate, 5, output.max-failure-rate must be 0 to 1",
        "output.lease, long, output.lease cannot be \"long\"",
        "groups.pictures, 0, groups.pictures must be 1 to 2147483647",
        "progress.interval, 0s, progress.interval must be more than nothing",
        "dataset.path, ' ', dataset.path must not be empty",
        "dataset.orientation, upright, 'dataset.orientation must be stored or apply, not \"upright\"'",
        "nonsense, 1, unknown key \"nonsense\""
    })
    void aBadValueIsRefusedByName(String key, String value, String message) {
        assertThatThrownBy(() -> load(Map.of(key, value)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("the command line: ")
                .hasMessageContaining(message);
    }

    @Test
    void aFileThatIsNotHoconIsRefusedInOneLine() throws IOException {
        site("runtime {");

        assertThatThrownBy(() -> load(Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("maskroute.conf")
                .hasMessageNotContaining("\n");
    }

    @Test
    void theFileOfTheOptionMustBeThere() {
        assertThatThrownBy(() -> ConfigLoader.load(home, Optional.of(home.resolve("gone.conf")), Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("gone.conf: no such file");
        assertThatThrownBy(() -> ConfigLoader.load(home, Optional.of(home), Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(home + ": not a file");
    }

    @Test
    void anythingBelowSparkIsHandedOn() throws IOException {
        site("spark { sql.shuffle.partitions = 5, \"speculation\" = true }");

        JobConfig config = load(Map.of("spark.speculation.interval", "9s"));

        assertThat(config.spark())
                .containsEntry("spark.sql.shuffle.partitions", "5")
                .containsEntry("spark.speculation", "true");
        assertThat(config.sparkOverrides()).containsEntry("spark.speculation.interval", "9s");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spark.hadoop.fs.s3a.secret.key",
                "spark.hadoop.fs.s3a.access.key",
                "spark.hadoop.fs.s3a.session.token",
                "spark.hadoop.fs.s3a.bucket.photos.secret.key",
                "spark.hadoop.fs.s3a.bucket.photos.session.token",
                "spark.hadoop.fs.s3a.encryption.key",
                "spark.hadoop.fs.azure.account.key.acme.blob.core.windows.net",
                "spark.hadoop.fs.s3a.proxy.password",
            })
    void secretsDoNotReachTheRecord(String key) {
        JobConfig config = load(Map.of(key, "hush"));

        assertThat(config.sparkOverrides()).containsEntry(key, "hush");
        assertThat(config.resolved()).containsEntry(key, "(redacted)");
    }

    @Test
    void secretsAmongOtherOptionsDoNotReachTheRecord() {
        JobConfig config = load(Map.of(
                "spark.driver.extraJavaOptions", "-Xmx1g -Dfs.s3a.secret.key=hush",
                "spark.executor.extraJavaOptions", "-Xmx2g",
                "spark.some.proxy", "http://user:hu/sh@proxy:8080/"));

        assertThat(config.resolved())
                .containsEntry("spark.driver.extraJavaOptions", "(redacted)")
                .containsEntry("spark.executor.extraJavaOptions", "-Xmx2g")
                .containsEntry("spark.some.proxy", "http://proxy:8080/");
    }

    @ParameterizedTest
    @ValueSource(strings = {"dataset.path", "model.path", "model.routing", "output.path"})
    void passwordsInUrisAreRefusedWithoutRepeatingThem(String key) {
        assertThatThrownBy(() -> load(Map.of(key, "s3a://key:hu/sh@bucket/data")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(key)
                .hasMessageContaining("s3a://bucket/data")
                .hasMessageNotContainingAny("hu/sh", "sh@");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "abfs://box@account.dfs.core.windows.net/a",
                "hdfs://host:8020/a@b",
                "s3a://bucket/a:b@c",
                "/a:b@c"
            })
    void addressesThatLookAlikeAreLeftAsTheyAre(String path) {
        assertThat(load(Map.of("dataset.path", path)).resolved()).containsEntry("dataset.path", path);
    }

    @Test
    void whatIsMissingIsAskedForByOptionAndKey() {
        assertThatThrownBy(() -> load(Map.of()).model())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("--model")
                .hasMessageContaining("model.path");
    }

    private void site(String text) throws IOException {
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf/maskroute.conf"), text);
    }

    private JobConfig load(Map<String, String> overrides) {
        return ConfigLoader.load(home, Optional.empty(), overrides);
    }
}
