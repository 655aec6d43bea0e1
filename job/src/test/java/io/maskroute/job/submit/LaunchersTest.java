package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskroute.job.submit.Installation.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.util.Utils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts in {@code submit}, from a folder whose name needs quoting. */
class LaunchersTest {
    private static final String ODD = "it's \"odd\" $HOME `id` \\ ünï; *";
    private static final List<String> HOSTILE = List.of(
            "segment", "--model", "a b", "it's", "say \"x\"", "$(touch hacked)", "`id`", "*", "", "\\", "ünï", "a\nb");

    @TempDir
    private Path folder;

    private Installation installation;
    private Path sparkHome;
    private Path seen;

    @BeforeEach
    void install() throws IOException {
        installation = Installation.in(folder.resolve(ODD));
        sparkHome = folder.resolve("a spark");
        seen = folder.resolve("seen");
        Installation.executable(
                sparkHome.resolve("bin/spark-submit"), "#!/bin/sh\nprintf '%s\\0' \"$@\" >\"" + seen + "\"\nexit 7\n");
    }

    @Test
    void spark_submitGetsEveryArgumentAsItWasGiven() throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--settings", "yarn-gpu", "--name", "my 'run'", "--"));
        arguments.addAll(HOSTILE);

        Outcome outcome = submit(arguments.toArray(String[]::new));

        assertThat(outcome.code()).as(outcome.err()).isEqualTo(7);
        List<String> words = seen();
        int jar = words.indexOf(installation.jar().toString());
        assertThat(words.subList(jar + 1, words.size())).isEqualTo(HOSTILE);
        assertThat(words.subList(jar - 2, jar)).containsExactly("--name", "my 'run'");
        assertThat(installation.root().resolve("hacked")).doesNotExist();
        Map<String, String> conf = conf(words);
        assertThat(conf)
                .containsEntry("spark.master", "yarn")
                .containsEntry("spark.executor.resource.gpu.amount", "1")
                .containsEntry("spark.executorEnv.DJL_OFFLINE", "true")
                .containsEntry(
                        "spark.yarn.dist.files",
                        installation.script("gpu-discovery.sh").toString());
        assertThat(Utils.splitCommandString(conf.get("spark.driver.defaultJavaOptions"))
                        .mkString("\n"))
                .isEqualTo("-Dmaskroute.home=" + installation.root());
    }

    @Test
    void everyCoreOfAnExecutorHasItsPartOfTheGpu() throws Exception {
        submit("--settings", "gpu", "--", "segment");

        Map<String, String> conf = conf(seen());
        assertThat(Double.parseDouble(conf.get("spark.task.resource.gpu.amount"))
                        * Integer.parseInt(conf.get("spark.executor.cores")))
                .isEqualTo(Double.parseDouble(conf.get("spark.executor.resource.gpu.amount")));
    }

    @Test
    void withoutSeparatorEverythingIsTheCommand() throws Exception {
        submit("report", "some folder");

        List<String> words = seen();
        assertThat(words.subList(words.size() - 3, words.size()))
                .containsExactly(installation.jar().toString(), "report", "some folder");
    }

    @Test
    void onKubernetesTheJarAndTheSettingsAreThoseOfTheImage() throws Exception {
        submit("--settings", "kubernetes", "--master", "k8s://https://host", "--", "segment");

        List<String> words = seen();
        assertThat(words)
                .contains("local:///opt/maskroute/maskroute.jar")
                .doesNotContain(installation.jar().toString());
        assertThat(conf(words))
                .containsEntry("spark.driver.defaultJavaOptions", "\"-Dmaskroute.home=/opt/maskroute\"")
                .containsEntry("spark.submit.deployMode", "cluster");
    }

    @ParameterizedTest
    @ValueSource(strings = {"spark-submit.sh", "maskroute", "local.sh"})
    void aDryRunPrintsWhatWouldRunAndDoesNothing(String script) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--dry-run"));
        if (script.equals("spark-submit.sh")) {
            arguments.addAll(List.of("--master", "spark://a b", "--"));
        }
        arguments.addAll(HOSTILE);
        Map<Path, Object> before = tree();

        Outcome outcome =
                installation.run(Map.of("SPARK_HOME", sparkHome.toString()), script, arguments.toArray(String[]::new));

        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(seen).doesNotExist();
        assertThat(tree()).isEqualTo(before);
        List<String> words = Installation.words(folder, outcome.out().strip());
        assertThat(words.subList(words.size() - HOSTILE.size(), words.size())).isEqualTo(HOSTILE);
        if (script.equals("spark-submit.sh")) {
            submit(arguments.subList(1, arguments.size()).toArray(String[]::new));
            assertThat(words.subList(1, words.size())).isEqualTo(seen());
        }
    }

    @Test
    void aDryRunOfWhatIsNotBuiltSaysHowItWouldBeBuilt() throws Exception {
        Files.delete(installation.jar());

        Outcome outcome =
                installation.run(Map.of("SPARK_HOME", sparkHome.toString()), "spark-submit.sh", "--dry-run", "segment");

        assertThat(outcome.code()).isZero();
        List<String> lines = outcome.out().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(Installation.words(folder, lines.get(0)))
                .startsWith("mvn")
                .contains(installation.root().resolve("pom.xml").toString());
    }

    @Test
    void whatCannotWorkIsRefusedByName() throws Exception {
        Path own = Files.writeString(folder.resolve("own.conf"), "report.samples 3\n");
        Path half = Files.writeString(folder.resolve("half.conf"), "\n# comment\nspark.master\n");

        assertRefused("no such settings", "there is no file", "--settings", "no such settings", "--", "segment");
        assertRefused("--settings needs names", "", "--settings", "--", "segment");
        assertRefused("unknown key 'report.samples'", own.toString(), "--settings", own.toString(), "--", "segment");
        assertRefused("'spark.master' has no value", half.toString(), "--settings", half.toString(), "--", "segment");
        assertThat(seen).doesNotExist();
    }

    private void assertRefused(String message, String more, String... arguments) throws Exception {
        Outcome outcome = submit(arguments);

        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("maskroute: ").contains(message, more);
    }

    @Test
    void aMissingSparkIsSaid() throws Exception {
        Outcome none = installation.run(
                Map.of("SPARK_HOME", "", "PATH", "/usr/bin:/bin"), "spark-submit.sh", "--dry-run", "segment");
        Outcome wrong =
                installation.run(Map.of("SPARK_HOME", folder.toString()), "spark-submit.sh", "--dry-run", "segment");

        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).contains("no Spark found", "SPARK_HOME");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("there is no bin/spark-submit");
    }

    @Test
    void settingsThatAClusterWouldNotSeeAreSaid() throws Exception {
        Outcome without = submit("--master", "yarn", "--deploy-mode", "cluster", "--", "segment");
        Files.writeString(installation.root().resolve("conf/maskroute.conf"), "report.samples = 3\n");
        Outcome with = submit("--master", "yarn", "--deploy-mode", "cluster", "--", "segment");
        Outcome client = submit("--master", "yarn", "--", "segment", "--output", "--deploy-mode=cluster");

        assertThat(without.err()).isEmpty();
        assertThat(with.err()).contains("in cluster mode conf/maskroute.conf is not read");
        assertThat(client.err()).isEmpty();
    }

    @Test
    void shellcheckHasNothingToSay() throws Exception {
        List<String> command = new ArrayList<>(List.of("shellcheck"));
        try (Stream<Path> scripts = Files.walk(Installation.SOURCES.resolve("submit"))) {
            scripts.filter(Files::isExecutable)
                    .filter(Files::isRegularFile)
                    .map(Path::toString)
                    .forEach(command::add);
        }
        command.add(Installation.SOURCES.resolve(".ci/run").toString());
        assertThat(command).hasSizeGreaterThan(4);
        assumeTrue(onPath("shellcheck"), "CI installs shellcheck");

        Outcome outcome = Installation.run(Installation.SOURCES, Map.of(), command);

        assertThat(outcome.code()).as(outcome.out() + outcome.err()).isZero();
    }

    private static boolean onPath(String program) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(entry -> Files.isExecutable(Path.of(entry, program)));
    }

    private Outcome submit(String... arguments) throws Exception {
        return installation.run(Map.of("SPARK_HOME", sparkHome.toString()), "spark-submit.sh", arguments);
    }

    private List<String> seen() throws IOException {
        String words = Files.readString(seen);
        return List.of(words.substring(0, words.length() - 1).split("\0", -1));
    }

    static Map<String, String> conf(List<String> words) {
        Map<String, String> conf = new TreeMap<>();
        for (int i = 0; i + 1 < words.size(); i++) {
            if (words.get(i).equals("--conf")) {
                String[] setting = words.get(i + 1).split("=", 2);
                conf.put(setting[0], setting[1]);
            }
        }
        return conf;
    }

    private Map<Path, Object> tree() throws IOException {
        Map<Path, Object> tree = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                tree.put(file, Files.getLastModifiedTime(file));
            }
        }
        return tree;
    }
}
