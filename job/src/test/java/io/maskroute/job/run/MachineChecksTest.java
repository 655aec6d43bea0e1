package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.job.config.ConfigurationException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MachineChecksTest {
    @TempDir
    private Path home;

    private static InetAddress unknown() throws UnknownHostException {
        throw new UnknownHostException("no.such.host: no.such.host: Name or service not known");
    }

    @Test
    void aNameThatDoesNotResolveIsSaid() {
        assertThatThrownBy(() -> MachineChecks.requireName(Map.of(), MachineChecksTest::unknown))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageStartingWith("the name of this machine, no.such.host, does not resolve")
                .hasMessageContaining("SPARK_LOCAL_IP");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME"})
    void whatTheEnvironmentNamesNeedsNoLookUp(String variable) {
        assertThatCode(() -> MachineChecks.requireName(Map.of(variable, "127.0.0.1"), MachineChecksTest::unknown))
                .doesNotThrowAnyException();
    }

    @Test
    void foldersThatCannotBeMadeAreNamedWithWhatNamesThem() throws IOException {
        Path file = Files.createFile(home.resolve("file"));
        SparkConf conf = new SparkConf(false);

        assertThatThrownBy(
                        () -> MachineChecks.requireLocalFolders(conf, Map.of("SPARK_LOCAL_DIRS", "/proc/x, " + file)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessage("Spark cannot keep temporary files in /proc/x (no folder can be made there), " + file + " ("
                        + file + " is a file), which SPARK_LOCAL_DIRS names: name a folder that can be written");
        assertThatThrownBy(() -> MachineChecks.requireLocalFolders(
                        new SparkConf(false).set("spark.local.dir", file + "/below"), Map.of()))
                .hasMessageContaining("which spark.local.dir names");
    }

    @Test
    void oneFolderIsEnoughAndNothingIsLeftInIt() throws IOException {
        MachineChecks.requireLocalFolders(
                new SparkConf(false), Map.of("SPARK_LOCAL_DIRS", "/proc/x," + home.resolve("made")));
        MachineChecks.requireLocalFolders(
                new SparkConf(false).set("spark.local.dir", "/proc/x"), Map.of("SPARK_LOCAL_DIRS", home.toString()));
        MachineChecks.requireLocalFolders(
                new SparkConf(false), Map.of("SPARK_LOCAL_DIRS", "/proc/x", "CONTAINER_ID", "container_1"));

        assertThat(home.resolve("made")).isEmptyDirectory();
    }

    @ParameterizedTest
    @CsvSource({"3.5.1, 2.12.18", "3.5.1, 2.13.8", "2.4.8, 2.11.12", "4.0.0, 2.12.18", "5.0.0, 3.3.1", "40.0, 2.13.16"})
    void anotherSparkIsRefusedByName(String spark, String scala) {
        assertThatThrownBy(() -> MachineChecks.requireSpark(spark, scala))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("this is Spark " + spark + " with Scala " + scala)
                .hasMessageContaining("SPARK_HOME");
    }

    @Test
    void theSparkThatThisIsBuiltWithIsTaken() {
        assertThatCode(MachineChecks::requireSpark).doesNotThrowAnyException();
        assertThatCode(() -> MachineChecks.requireSpark("4.1.0", "2.13.17")).doesNotThrowAnyException();
    }
}
