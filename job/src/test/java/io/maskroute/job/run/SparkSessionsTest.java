package io.maskroute.job.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.config.ConfigLoader;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparkSessionsTest {
    private static final String OURS = "io.maskroute.job.run.MaskroutePlugin";

    @TempDir
    private Path home;

    @Test
    void theSessionHasThePlugin() {
        assertThat(conf(Map.of()).get("spark.plugins")).isEqualTo(OURS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "org.example.Theirs | org.example.Theirs," + OURS,
                "org.example.A, org.example.B | org.example.A, org.example.B," + OURS,
                OURS + " | " + OURS,
                "org.example.A , " + OURS + " | org.example.A , " + OURS
            })
    void theUsersPluginsStay(String named, String expected) {
        assertThat(conf(Map.of("spark.plugins", named)).get("spark.plugins")).isEqualTo(expected);
    }

    @Test
    void theUiIsOffOnThisMachineAloneUnlessAskedFor() {
        assertThat(conf(Map.of()).getBoolean("spark.ui.enabled", true)).isFalse();
        assertThat(conf(Map.of("spark.ui.enabled", "true")).getBoolean("spark.ui.enabled", false))
                .isTrue();
        assertThat(conf(Map.of("spark.master", "spark://127.0.0.1:7077")).contains("spark.ui.enabled"))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "local | local[1, 12]",
                "local[3] | local[3, 12]",
                "local[*] | local[*, 12]",
                "local[2, 1] | local[2, 1]",
                "spark://127.0.0.1:7077 | spark://127.0.0.1:7077"
            })
    void aTaskHasSeveralAttemptsOnThisMachineToo(String named, String expected) {
        assertThat(conf(Map.of("spark.master", named)).get("spark.master")).isEqualTo(expected);
        assertThat(conf(Map.of()).get("spark.master")).isEqualTo("local[*, 12]");
        assertThat(conf(Map.of("spark.task.maxFailures", "7")).get("spark.master"))
                .isEqualTo("local[*, 7]");
    }

    private SparkConf conf(Map<String, String> overrides) {
        return SparkSessions.conf(ConfigLoader.load(home, Optional.empty(), overrides));
    }
}
