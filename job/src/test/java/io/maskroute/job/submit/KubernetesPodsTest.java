package io.maskroute.job.submit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.k8s.KubernetesConf;
import org.apache.spark.deploy.k8s.SparkPod;
import org.apache.spark.deploy.k8s.submit.JavaMainAppResource;
import org.apache.spark.deploy.k8s.submit.KubernetesDriverBuilder;
import org.apache.spark.internal.config.package$;
import org.apache.spark.resource.ResourceProfile$;
import org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/** What Spark's own code makes of the settings and the pod templates, up to where it would ask a cluster for the pods. */
class KubernetesPodsTest {
    private static final String IMAGE = "registry.example/maskroute:1";

    @TempDir
    private Path folder;

    private Installation installation;

    @BeforeEach
    void install() throws Exception {
        installation = Installation.in(folder.resolve("maskroute"));
        Installation.executable(folder.resolve("spark/bin/spark-submit"), "#!/bin/sh\n");
    }

    @Test
    void anExecutorHasOneGpuAndTheImagesLibrary() throws Exception {
        SparkPod executor = executor(conf("kubernetes-gpu"));
        Container container = executor.container();

        assertThat(container.getImage()).isEqualTo(IMAGE);
        assertThat(container.getResources().getLimits().get("nvidia.com/gpu")).hasToString("1");
        // 8 GB of heap and what the model takes beside it.
        assertThat(container.getResources().getLimits().get("memory")).hasToString("18432Mi");
        assertThat(executor.pod().getSpec().getTolerations())
                .anySatisfy(toleration -> assertThat(toleration.getKey()).isEqualTo("nvidia.com/gpu"));
        assertThat(environment(container))
                .containsEntry("PYTORCH_FLAVOR", "cu128")
                .containsEntry("DJL_OFFLINE", "true")
                .containsKey("GLIBC_TUNABLES");
    }

    @Test
    void withoutTheGpuSettingsNoneIsAskedFor() throws Exception {
        Container container = executor(conf("kubernetes")).container();

        assertThat(container.getResources().getLimits()).doesNotContainKey("nvidia.com/gpu");
    }

    @Test
    void theDriverHasNoGpuAndStartsTheImagesJar() throws Exception {
        SparkConf conf = conf("kubernetes-gpu");
        SparkPod driver;
        try (KubernetesClient client = client()) {
            driver = new KubernetesDriverBuilder()
                    .buildFromFeatures(
                            KubernetesConf.createDriverConf(
                                    conf,
                                    "app",
                                    new JavaMainAppResource(Option.apply(conf.get("maskroute.jar"))),
                                    "io.maskroute.job.cli.Main",
                                    new String[] {"segment"},
                                    Option.empty()),
                            client)
                    .pod();
        }

        assertThat(driver.pod().getMetadata().getLabels()).containsEntry("app.kubernetes.io/component", "driver");
        assertThat(driver.container().getImage()).isEqualTo(IMAGE);
        assertThat(driver.container().getResources().getLimits()).doesNotContainKey("nvidia.com/gpu");
        assertThat(driver.container().getArgs()).contains("local:///opt/maskroute/maskroute.jar", "segment");
    }

    /** The Dockerfile puts things where the settings look for them. */
    @Test
    void theImageHoldsWhatTheSettingsName() throws Exception {
        List<String> dockerfile = Files.readAllLines(installation.root().resolve("submit/kubernetes/Dockerfile"));
        SparkConf conf = conf("kubernetes-gpu");
        List<String> copies =
                dockerfile.stream().filter(line -> line.startsWith("COPY ")).toList();

        assertThat(copies)
                .anyMatch(line -> line.endsWith(" " + conf.get("maskroute.jar").replace("local://", "")))
                .anyMatch(line -> line.endsWith(" " + conf.get("spark.executor.resource.gpu.discoveryScript")));
        for (String copy : copies) {
            String source = copy.split(" ")[1];
            if (!source.startsWith("--from") && !source.contains("*")) {
                assertThat(installation.root().resolve(source)).exists();
            }
        }
        assertThat(dockerfile.stream().filter(line -> line.startsWith("ARG FLAVOR")))
                .containsExactly("ARG FLAVOR=" + conf.get("spark.executorEnv.PYTORCH_FLAVOR"));
    }

    private SparkPod executor(SparkConf conf) {
        // Where the driver's pod would set it.
        conf.set("spark.driver.host", "driver.example");
        try (KubernetesClient client = client()) {
            return new KubernetesExecutorBuilder()
                    .buildFromFeatures(
                            KubernetesConf.createExecutorConf(
                                    conf,
                                    "1",
                                    "app",
                                    Option.empty(),
                                    ResourceProfile$.MODULE$.DEFAULT_RESOURCE_PROFILE_ID()),
                            new SecurityManager(conf, Option.empty(), package$.MODULE$.AUTH_SECRET_FILE()),
                            client,
                            ResourceProfile$.MODULE$.getOrCreateDefaultProfile(conf))
                    .pod();
        } finally {
            ResourceProfile$.MODULE$.clearDefaultProfile();
        }
    }

    private static KubernetesClient client() {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withAutoConfigure(false)
                        .withMasterUrl("https://127.0.0.1:1")
                        .build())
                .build();
    }

    /** As the launcher hands them to spark-submit; {@code maskroute.jar} is the application's. */
    private SparkConf conf(String settings) throws Exception {
        Installation.Outcome dryRun = installation.run(
                Map.of("SPARK_HOME", folder.resolve("spark").toString()),
                "spark-submit.sh",
                "--dry-run",
                "--settings",
                settings,
                "--conf",
                "spark.kubernetes.container.image=" + IMAGE,
                "--",
                "segment");
        assertThat(dryRun.code()).as(dryRun.err()).isZero();
        List<String> words =
                new ArrayList<>(Installation.words(folder, dryRun.out().strip()));
        SparkConf conf = new SparkConf(false)
                .set("spark.master", "k8s://https://127.0.0.1:1")
                .set("spark.app.name", "maskroute")
                .set("maskroute.jar", words.get(words.size() - 2));
        LaunchersTest.conf(words).forEach(conf::set);
        return conf;
    }

    private static Map<String, String> environment(Container container) {
        return container.getEnv().stream()
                .filter(variable -> variable.getValue() != null)
                .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue, (first, second) -> second));
    }
}
