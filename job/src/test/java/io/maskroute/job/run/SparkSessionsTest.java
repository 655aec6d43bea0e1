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

    private SparkConf conf(Map<String, String> overrides) {
        return SparkSessions.conf(ConfigLoader.load(home, Optional.empty(), overrides));
    }
}
