package io.maskroute.job.testing;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A real Spark standalone cluster on the loopback interface: a master and workers in JVMs of their own, started from this
 * JVM's class path, on ports the system chooses. Executors are JVMs that the workers start, drivers those of {@link #driver}.
 * {@link #close} ends them all. Every JVM logs into a file of {@code folder}.
 */
public final class StandaloneCluster implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final long POLL_MILLIS = 50;
    private static final Pattern MASTER_URL = Pattern.compile("Starting Spark master at (spark://\\S+)");
    private static final String REGISTERED = "Registering worker";
    /** Short-lived JVMs, several on few cores: what a better compiler or collector would gain, starting it would cost. */
    private static final List<String> QUICK_START = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    private static final String CLASS_PATH = System.getProperty("java.class.path");
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private final Path folder;
    private final String classPath;
    private final Path logging;
    private final Path sparkHome;
    private final List<Process> workers = new ArrayList<>();
    private final List<Process> drivers = new ArrayList<>();
    private Process master;
    private String url;

    /**
     * What each worker offers.
     *
     * @param properties of Spark's, for every worker, such as {@code spark.worker.resource.gpu.amount}
     */
    public record Worker(int cores, String memory, Map<String, String> properties) {}

    private StandaloneCluster(Path folder, String classPath) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.classPath = classPath;
        this.logging = Files.write(
                folder.resolve("log4j2.properties"),
                List.of(
                        "rootLogger.level = info",
                        "rootLogger.appenderRef.console.ref = console",
                        "appender.console.type = Console",
                        "appender.console.name = console",
                        "appender.console.target = SYSTEM_ERR",
                        "appender.console.layout.type = PatternLayout",
                        "appender.console.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex"));
        // Spark looks for its jars there; what executors need comes with SPARK_DIST_CLASSPATH instead.
        this.sparkHome = folder.resolve("spark-home");
        Files.createDirectories(sparkHome.resolve("jars"));
    }

    /** Starts {@code count} equal workers and waits until the master knows them all. */
    public static StandaloneCluster start(Path folder, int count, Worker worker) throws IOException {
        return start(folder, count, worker, CLASS_PATH);
    }

    /** @param classPath of the cluster's JVMs: one that has Spark alone shows what an application must bring */
    public static StandaloneCluster start(Path folder, int count, Worker worker, String classPath) throws IOException {
        StandaloneCluster cluster = new StandaloneCluster(folder, classPath);
        try {
            cluster.startMaster();
            for (int i = 0; i < count; i++) {
                cluster.startWorker(i, worker);
            }
            cluster.await(
                    () -> cluster.log("master").split(REGISTERED, -1).length > count,
                    () -> cluster.master.isAlive() && cluster.workers.stream().allMatch(Process::isAlive),
                    "workers to register");
            return cluster;
        } catch (IOException | RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    private void startMaster() throws IOException {
        master = launch(
                "master",
                "256m",
                List.of(),
                List.of(
                        "org.apache.spark.deploy.master.Master",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        "0",
                        "--webui-port",
                        "0"));
        await(() -> MASTER_URL.matcher(log("master")).find(), master::isAlive, "the master");
        Matcher found = MASTER_URL.matcher(log("master"));
        if (found.find()) {
            url = found.group(1);
        }
    }

    private void startWorker(int number, Worker worker) throws IOException {
        Path properties = folder.resolve("worker-" + number + ".properties");
        Files.write(
                properties,
                worker.properties().entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue())
                        .toList());
        workers.add(launch(
                "worker-" + number,
                "256m",
                List.of(),
                List.of(
                        "org.apache.spark.deploy.worker.Worker",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        "0",
                        "--webui-port",
                        "0",
                        "--cores",
                        String.valueOf(worker.cores()),
                        "--memory",
                        worker.memory(),
                        "--work-dir",
                        Files.createDirectories(folder.resolve("work-" + number))
                                .toString(),
                        "--properties-file",
                        properties.toString(),
                        url)));
    }

    /** {@code spark://127.0.0.1:PORT} */
    public String url() {
        return url;
    }

    /** Spark properties that a driver on this machine needs to use the cluster. */
    public Map<String, String> sparkProperties() {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("spark.master", url);
        properties.put("spark.driver.host", "127.0.0.1");
        properties.put("spark.driver.bindAddress", "127.0.0.1");
        properties.put("spark.ui.enabled", "false");
        properties.put(
                "spark.executor.extraJavaOptions",
                String.join(" ", QUICK_START) + " -Dlog4j2.configurationFile=" + logging);
        return properties;
    }

    /**
     * Starts a main class in a JVM of its own, with {@link #sparkProperties} as system properties, as spark-submit does in
     * client mode.
     *
     * @param name of the log file
     * @param jvmOptions more of them, such as {@code -Dspark.KEY=VALUE}
     */
    public Process driver(String name, List<String> jvmOptions, String mainClass, List<String> arguments)
            throws IOException {
        List<String> options = new ArrayList<>();
        sparkProperties().forEach((key, value) -> options.add("-D" + key + "=" + value));
        options.addAll(jvmOptions);
        List<String> command = new ArrayList<>(List.of(mainClass));
        command.addAll(arguments);
        Process driver = launch(name, "512m", options, command);
        drivers.add(driver);
        return driver;
    }

    private Process launch(String name, String heap, List<String> options, List<String> mainAndArguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(JAVA, "-Xmx" + heap, "-Dlog4j2.configurationFile=" + logging));
        command.addAll(QUICK_START);
        // Spark's --add-opens, as this JVM was given them.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk.") || a.startsWith("-Dio.netty."))
                .forEach(command::add);
        command.addAll(options);
        command.addAll(mainAndArguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("CLASSPATH", classPath);
        environment.put("SPARK_HOME", sparkHome.toString());
        environment.put("SPARK_SCALA_VERSION", "2.13");
        environment.put("SPARK_DIST_CLASSPATH", classPath);
        environment.put("SPARK_LOCAL_IP", "127.0.0.1");
        environment.put("SPARK_LOCAL_HOSTNAME", "127.0.0.1");
        return builder.redirectErrorStream(true)
                .redirectOutput(logFile(name).toFile())
                .start();
    }

    /** The executors' processes that run now, over all workers. */
    public List<ProcessHandle> executors() {
        return workers.stream()
                .flatMap(worker -> worker.toHandle().children())
                .filter(ProcessHandle::isAlive)
                .filter(child ->
                        child.info().command().filter(c -> c.endsWith("java")).isPresent())
                .toList();
    }

    /** What a master, worker or driver has logged so far. */
    public String log(String name) {
        try {
            return Files.exists(logFile(name)) ? Files.readString(logFile(name)) : "";
        } catch (IOException e) {
            return "";
        }
    }

    /** What the executors have logged so far, in no particular order. */
    public String executorLogs() throws IOException {
        StringBuilder logs = new StringBuilder();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.endsWith("stderr") || f.endsWith("stdout"))
                    .sorted()
                    .toList()) {
                logs.append(Files.readString(file));
            }
        }
        return logs.toString();
    }

    private Path logFile(String name) {
        return folder.resolve(name + ".log");
    }

    private void await(BooleanSupplier done, BooleanSupplier alive, String what) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            if (!alive.getAsBoolean() || System.nanoTime() > end) {
                throw new IllegalStateException("waited in vain for " + what + "; master: " + log("master")
                        + (workers.isEmpty() ? "" : "; worker: " + log("worker-0")));
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>(executors());
        drivers.forEach(driver -> all.add(driver.toHandle()));
        workers.forEach(worker -> all.add(worker.toHandle()));
        if (master != null) {
            all.add(master.toHandle());
        }
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle process : all) {
            process.onExit()
                    .orTimeout(10, TimeUnit.SECONDS)
                    .exceptionally(e -> process)
                    .join();
        }
    }
}
