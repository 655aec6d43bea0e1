package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskroute.job.config.ConfigLoader;
import io.maskroute.job.submit.Installation.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.HealthTracker;
import org.apache.spark.scheduler.LiveListenerBus;
import org.apache.spark.scheduler.TaskSetExcludelist;
import org.apache.spark.util.SystemClock;
import org.apache.spark.util.Utils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import scala.Option;

/** The scripts in {@code submit}, from a folder whose name needs quoting. */
class LaunchersTest {
    private static final String ODD = "it's \"odd\" $HOME `id` \\ ünï; *";
    private static final List<String> HOSTILE = List.of(
            "segment", "--model", "a b", "it's", "say \"x\"", "$(touch hacked)", "`id`", "*", "", "\\", "ünï", "a\nb");

    /** Tasks of an executor. */
    private static final int CORES = 8;

    /** Executors that a picture kills before it is known. */
    private static final int DEATHS = 4;

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

    /** In the bookkeeping of Spark's own scheduler. */
    @Test
    void anExecutorThatFailsEverythingIsLeftBeforeATaskHasFailedTooOften() throws Exception {
        SparkConf conf = everywhere();
        HealthTracker.validateExcludeOnFailureConfs(conf);
        assertThat(HealthTracker.isExcludeOnFailureEnabled(conf)).isTrue();
        TaskSetExcludelist left = failures(conf);

        int attempts = 0;
        while (!left.isExecutorExcludedForTask("1", 0)) {
            left.updateExcludedForFailedTask("node", "1", 0, "no model");
            attempts++;
        }
        assertThat(attempts).as("one is not enough for a prompt that hangs").isGreaterThan(1);
        assertThat(5 * attempts)
                .as("failures of a task in five such executors")
                .isLessThan(conf.getInt("spark.task.maxFailures", 0));
        for (int task = 1; !left.isExecutorExcludedForTaskSet("1"); task++) {
            assertThat(task).as("tasks that failed at once").isLessThan(CORES);
            left.updateExcludedForFailedTask("node", "1", task, "no model");
        }
        HealthTracker run = new HealthTracker(new LiveListenerBus(conf), conf, Option.empty(), new SystemClock());
        run.updateExcludedForSuccessfulTaskSet(0, 0, left.execToFailures());
        assertThat(run.isExecutorExcluded("1")).as("in the next wave").isTrue();
        assertThat(run.isNodeExcluded("node")).isFalse();
    }

    /** In the bookkeeping of Spark's own scheduler. */
    @Test
    void picturesThatKillExecutorsLeaveTheirNodeInTheRun() throws Exception {
        SparkConf conf = everywhere();
        TaskSetExcludelist killed = failures(conf);
        int pictures = 100;

        for (int picture = 0; picture < pictures; picture++) {
            for (int death = 0; death < DEATHS; death++) {
                for (int task = 0; task < CORES; task++) {
                    killed.updateExcludedForFailedTask("node", picture + "-" + death, picture * CORES + task, "lost");
                }
            }
        }

        assertThat(killed.isExecutorExcludedForTaskSet("0-0")).isTrue();
        assertThat(killed.isNodeExcludedForTaskSet("node")).isFalse();
        assertThat(killed.isNodeExcludedForTask("node", 0)).isFalse();
        HealthTracker run = new HealthTracker(new LiveListenerBus(conf), conf, Option.empty(), new SystemClock());
        run.updateExcludedForSuccessfulTaskSet(0, 0, killed.execToFailures());
        assertThat(run.isNodeExcluded("node")).isFalse();
    }

    /** The settings of every cluster, with the attempts of a task that are the job's default. */
    private SparkConf everywhere() throws Exception {
        submit("--", "segment");
        SparkConf conf = new SparkConf(false);
        conf(seen()).forEach(conf::set);
        String attempts = "spark.task.maxFailures";
        return conf.set(attempts, ConfigLoader.defaults(Map.of(), "").spark().get(attempts));
    }

    private static TaskSetExcludelist failures(SparkConf conf) {
        return new TaskSetExcludelist(new LiveListenerBus(conf), conf, 0, 0, new SystemClock(), false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"yarn", "yarn-gpu"})
    void yarnStartsTheDriverOnceForAnotherStartMayDeleteTheRun(String settings) throws Exception {
        submit("--settings", settings, "--deploy-mode", "cluster", "--", "segment", "--fresh");

        assertThat(conf(seen())).containsEntry("spark.yarn.maxAppAttempts", "1");
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
    void aTreeThatWasBuiltInAnotherPlaceIsBuiltAgain() throws Exception {
        String here = installation.root().toString();

        assertThat(dryRunLines(here)).as("built here").hasSize(1);
        assertThat(dryRunLines("/old place")).hasSize(2);
        assertThat(dryRunLines("/old place").get(0)).startsWith("mvn ");
        assertThat(dryRunLines("/old place" + here))
                .as("a place that only ends like this one")
                .hasSize(2);
    }

    /** @param built where the class path says that the modules are */
    private List<String> dryRunLines(String built) throws Exception {
        Files.writeString(
                installation.root().resolve("job/target/launch.classpath"),
                "/a jar.jar:" + built + "/core/target/core-0.1.0.jar:" + built + "/datasets/target/classes");
        Outcome outcome = installation.run(jdk(), "maskroute", "--dry-run", "segment");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome.out().lines().toList();
    }

    @Test
    void launchersThatStartAtOnceBuildOnce() throws Exception {
        assumeTrue(onPath("flock"), "without it they do not wait for each other");
        Files.delete(installation.jar());
        Installation.executable(folder.resolve("bin/mvn"), "#!/bin/sh\nsleep 2\n: >\"$JAR\"\n");
        Map<String, String> environment = new TreeMap<>(jdk());
        environment.put("JAR", installation.jar().toString());
        environment.put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
        String atOnce = "for i in 1 2 3; do bash \"$0\" segment & done; wait";
        String script = installation.script("maskroute").toString();

        Outcome outcome = Installation.run(folder, environment, List.of("bash", "-c", atOnce, script));

        assertThat(outcome.out().lines()).as(outcome.err()).hasSize(3);
        assertThat(outcome.err().split("building \\(mvn", -1)).as(outcome.err()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"spark-submit.sh", "maskroute", "local.sh"})
    void aLinkToALauncherIsTheLauncher(String script) throws Exception {
        Path bin = Files.createDirectory(folder.resolve("bin"));
        Path link = Files.createSymbolicLink(bin.resolve("a link"), installation.script(script));
        Path linked = Files.createSymbolicLink(bin.resolve("maskroute"), bin.relativize(link));
        List<String> command = List.of("bash", linked.toString(), "--dry-run", "segment");

        Outcome outcome = Installation.run(folder, Map.of("SPARK_HOME", sparkHome.toString()), command);

        assertThat(outcome.code()).as(outcome.err()).isZero();
        String found = script.equals("spark-submit.sh")
                ? installation.jar().toString()
                : "-Dmaskroute.home=" + installation.root();
        assertThat(Installation.words(folder, outcome.out().strip())).contains(found);
    }

    @Test
    void whereTheLocaleIsAsciiTheJvmGetsOneThatKnowsEveryName() throws Exception {
        Outcome known = Installation.run(folder, Map.of("LC_ALL", "C.UTF-8"), List.of("bash", "-c", "locale charmap"));
        assumeTrue(known.out().equals("UTF-8\n"), "this machine has no C.UTF-8");

        assertThat(localeOfTheJvm("", "", "")).isEqualTo("C.UTF-8");
        assertThat(localeOfTheJvm("C", "", "C.UTF-8")).isEqualTo("C.UTF-8");
        assertThat(localeOfTheJvm("", "", "C.UTF-8"))
                .as("it knows them already")
                .isEmpty();
        assertThat(localeOfTheJvm("", "C.UTF-8", "C"))
                .as("it knows them already")
                .isEmpty();
    }

    /** @return LC_ALL */
    private String localeOfTheJvm(String all, String characters, String language) throws Exception {
        Map<String, String> environment = new TreeMap<>(jdk());
        environment.putAll(Map.of("LC_ALL", all, "LC_CTYPE", characters, "LANG", language));
        Outcome outcome = installation.run(environment, "maskroute", "segment");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome.out().strip();
    }

    /** A JVM that prints its LC_ALL. */
    private Map<String, String> jdk() throws IOException {
        Path home = folder.resolve("a jdk");
        Installation.executable(home.resolve("bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$LC_ALL\"\n");
        return Map.of("JAVA_HOME", home.toString());
    }

    @Test
    void aMissingJavaOrMavenIsSaid() throws Exception {
        Map<String, String> neither = Map.of("JAVA_HOME", "", "PATH", coreutilities());
        Map<String, String> javaAlone = new TreeMap<>(jdk());
        javaAlone.put("PATH", coreutilities());
        Files.delete(installation.jar());

        Outcome wrong = installation.run(Map.of("JAVA_HOME", folder.toString()), "maskroute", "segment");
        Outcome none = installation.run(neither, "local.sh", "segment");
        Outcome noMaven = installation.run(javaAlone, "maskroute", "segment");

        assertThat(wrong.code()).isEqualTo(3);
        assertThat(wrong.err()).startsWith("maskroute: JAVA_HOME is " + folder + ", but there is no bin/java in it");
        assertThat(none.code()).isEqualTo(3);
        assertThat(none.err()).startsWith("maskroute: no Java found: set JAVA_HOME");
        assertThat(noMaven.code()).isEqualTo(3);
        assertThat(noMaven.err()).startsWith("maskroute: Maven 3.8 or newer is needed");
    }

    @ParameterizedTest
    @CsvSource({
        "11.0.2, false",
        "17.0.9, true",
        "21, true",
        "22.0.1, true",
        "23, false",
        "25.0.1, false",
        "26-ea, false"
    })
    void aJavaThatCannotWorkIsRefusedByName(String version, boolean works) throws Exception {
        Path java = Installation.executable(
                folder.resolve("a jdk/bin/java"),
                "#!/bin/sh\nif [ \"$1\" = -version ]; then echo 'openjdk version \"" + version
                        + "\" 2026-01-20' >&2; else echo started; fi\n");

        Outcome outcome =
                installation.run(Map.of("JAVA_HOME", folder.resolve("a jdk").toString()), "maskroute", "segment");

        if (works) {
            assertThat(outcome.out()).as(outcome.err()).isEqualTo("started\n");
        } else {
            assertThat(outcome.code()).isEqualTo(3);
            assertThat(outcome.err())
                    .contains(java + " is Java " + version.split("[.-]")[0], "set JAVA_HOME to a Java 17 or 21")
                    .hasLineCount(1);
        }
    }

    @Test
    void anUnpackedPackageNeedsNoMaven() throws Exception {
        Files.delete(installation.root().resolve("pom.xml"));
        Files.delete(installation.jar());
        Installation.executable(installation.root().resolve("lib/job-1.jar"), "");
        Files.writeString(installation.root().resolve("lib/classpath"), "lib/b.jar:lib/a.jar");
        Path jar = installation.root().resolve("cluster/maskroute-1-all.jar");
        Installation.executable(jar, "");

        Outcome local = installation.run(jdk(), "maskroute", "--dry-run", "segment");
        submit("segment");

        assertThat(local.code()).as(local.err()).isZero();
        String lib = installation.root() + "/lib/";
        assertThat(Installation.words(folder, local.out().strip()))
                .contains(lib + "job-1.jar:" + lib + "b.jar:" + lib + "a.jar");
        assertThat(seen()).contains(jar.toString());
    }

    @Test
    void oneSettingNamesThePlaceForEverythingOutsideTheOutput() throws Exception {
        Path work = folder.resolve("a place");
        Path home = folder.resolve("a jdk");
        Installation.executable(home.resolve("bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$DJL_CACHE_DIR\" \"$@\"\n");
        Map<String, String> environment =
                Map.of("JAVA_HOME", home.toString(), "MASKROUTE_WORK_DIR", work.toString(), "DJL_CACHE_DIR", "");

        Outcome outcome = installation.run(environment, "maskroute", "segment");

        assertThat(outcome.out().lines())
                .as(outcome.err())
                .contains(work + "/djl", "-Djava.io.tmpdir=" + work + "/tmp", "-Djna.tmpdir=" + work + "/tmp");
        assertThat(Files.getPosixFilePermissions(work)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        Files.writeString(folder.resolve("a file"), "");
        Outcome wrong = installation.run(
                Map.of("JAVA_HOME", home.toString(), "MASKROUTE_WORK_DIR", folder + "/a file"), "maskroute", "segment");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("set MASKROUTE_WORK_DIR to a folder of yours");
    }

    @Test
    void helpOfTheClusterLauncherNeedsNoSpark() throws Exception {
        Outcome help = installation.run(Map.of("SPARK_HOME", "", "PATH", coreutilities()), "spark-submit.sh", "--help");
        Outcome dry = installation.run(
                Map.of("SPARK_HOME", "", "PATH", coreutilities()), "spark-submit.sh", "--dry-run", "segment");

        assertThat(help.code()).as(help.err()).isZero();
        assertThat(help.out()).contains("--settings NAME", "COMMAND ARGS");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.out()).startsWith("spark-submit --name maskroute");
    }

    /** Spark asks for its address before it reads any setting. */
    @Test
    void aMachineWithoutANameNeedsNoneForRunsOnItAlone() throws Exception {
        Installation.executable(folder.resolve("bin/getent"), "#!/bin/sh\nexit 2\n");
        Installation.executable(folder.resolve("a jdk/bin/java"), "#!/bin/sh\nprintf '%s\\n' \"$SPARK_LOCAL_IP\"\n");
        Map<String, String> environment = new TreeMap<>(Map.of(
                "JAVA_HOME", folder.resolve("a jdk").toString(),
                "SPARK_HOME", sparkHome.toString(),
                "PATH", folder.resolve("bin") + ":" + System.getenv("PATH")));

        assertThat(installation.run(environment, "maskroute", "segment").out()).isEqualTo("127.0.0.1\n");
        assertThat(installation
                        .run(environment, "maskroute", "segment", "-s", "spark.master=spark://h:7077")
                        .out())
                .isEqualTo("\n");
        Outcome cluster = installation.run(environment, "spark-submit.sh", "segment");
        assertThat(cluster.code()).isEqualTo(1);
        assertThat(cluster.err()).contains("does not resolve", "SPARK_LOCAL_IP").hasLineCount(1);
        assertThat(seen).doesNotExist();

        environment.put("SPARK_LOCAL_IP", "192.0.2.1");
        assertThat(installation.run(environment, "maskroute", "segment").out()).isEqualTo("192.0.2.1\n");
        assertThat(installation.run(environment, "spark-submit.sh", "segment").code())
                .isEqualTo(7);
    }

    @Test
    void aUserWithoutANameIsToldWhatSparkNeeds() throws Exception {
        Installation.executable(
                folder.resolve("bin/id"), "#!/bin/sh\nif [ \"$1\" = -u ]; then echo 12345; else exit 1; fi\n");

        Outcome outcome = installation.run(
                Map.of("SPARK_HOME", sparkHome.toString(), "PATH", folder.resolve("bin") + ":" + System.getenv("PATH")),
                "spark-submit.sh",
                "segment");

        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err()).contains("the user id 12345 has no name").hasLineCount(1);
        assertThat(seen).doesNotExist();
    }

    /** A folder with what the launchers need beside Java and Maven. */
    private String coreutilities() throws IOException {
        Path bin = Files.createDirectories(folder.resolve("coreutilities"));
        for (String program : List.of("bash", "cat", "dirname", "env", "find", "locale", "readlink", "sed")) {
            for (String entry : System.getenv("PATH").split(":")) {
                Path link = bin.resolve(program);
                if (Files.isExecutable(Path.of(entry, program)) && !Files.exists(link)) {
                    Files.createSymbolicLink(link, Path.of(entry, program));
                }
            }
        }
        return bin.toString();
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
        Outcome none =
                installation.run(Map.of("SPARK_HOME", "", "PATH", "/usr/bin:/bin"), "spark-submit.sh", "segment");
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
