package io.maskroute.job.testing;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * S3Proxy, a real S3 server, on the loopback interface in a JVM of its own, with its objects in a folder. It checks signatures.
 * It can be killed and started again on the same port.
 */
public final class S3Server implements AutoCloseable {
    public static final String ACCESS_KEY = "AKIAMASKROUTETESTS";
    /** What must not be found in anything that is written. */
    public static final String SECRET_KEY = "hush/Zq8+secretOfTheTests";

    private static final String BUCKET = "bucket";
    private static final long PATIENCE_SECONDS = 60;
    private static final Pattern PORT = Pattern.compile("Started .*ServerConnector.*\\{127\\.0\\.0\\.1:(\\d+)\\}");

    private final Path folder;
    private int port;
    private Process process;

    private S3Server(Path folder) {
        this.folder = folder;
    }

    /** Starts with an empty bucket. */
    public static S3Server start(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("objects").resolve(BUCKET));
        Files.write(
                folder.resolve("logback.xml"),
                List.of(
                        "<configuration><appender name=\"out\" class=\"ch.qos.logback.core.ConsoleAppender\">"
                                + "<encoder><pattern>%d %p %logger{0} %m%n</pattern></encoder></appender>",
                        "<root level=\"INFO\"><appender-ref ref=\"out\"/></root></configuration>"));
        S3Server server = new S3Server(folder);
        server.start();
        return server;
    }

    /** Starts again what was killed. */
    public void start() throws IOException {
        Path properties = Files.write(
                folder.resolve("s3proxy.properties"),
                List.of(
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=" + ACCESS_KEY,
                        "s3proxy.credential=" + SECRET_KEY,
                        "s3proxy.endpoint=http://127.0.0.1:" + port,
                        "jclouds.provider=filesystem-nio2",
                        "jclouds.filesystem.basedir=" + folder.resolve("objects")));
        String classPath = Files.readString(Path.of(System.getProperty("s3proxy.classpath")));
        Path log = folder.resolve("s3proxy.log");
        Files.deleteIfExists(log);
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dlogback.configurationFile=" + folder.resolve("logback.xml"),
                        "-cp",
                        classPath,
                        "org.gaul.s3proxy.Main",
                        "--properties",
                        properties.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            Matcher started = PORT.matcher(Files.readString(log));
            if (started.find()) {
                port = Integer.parseInt(started.group(1));
                return;
            }
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new IllegalStateException("S3Proxy does not start: " + Files.readString(log));
            }
            sleep(50);
        }
    }

    /** Ends the server as a power cut would. Its objects stay. */
    public void kill() {
        process.destroyForcibly()
                .onExit()
                .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    public int port() {
        return port;
    }

    /** {@code s3a://bucket/PATH} */
    public String uri(String path) {
        return "s3a://" + BUCKET + "/" + path;
    }

    /** Where the objects below a path are on this machine. */
    public Path objects(String path) {
        return folder.resolve("objects").resolve(BUCKET).resolve(path);
    }

    /**
     * Spark properties for this server.
     *
     * @param port of the server, or of what stands before it
     */
    public static Map<String, String> sparkProperties(int port) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("spark.hadoop.fs.s3a.endpoint", "http://127.0.0.1:" + port);
        properties.put("spark.hadoop.fs.s3a.endpoint.region", "us-east-1");
        properties.put("spark.hadoop.fs.s3a.path.style.access", "true");
        properties.put("spark.hadoop.fs.s3a.access.key", ACCESS_KEY);
        properties.put("spark.hadoop.fs.s3a.secret.key", SECRET_KEY);
        return properties;
    }

    /** A client of its own for what a test puts there. */
    public FileSystem client() throws IOException {
        return client(new Configuration());
    }

    /** A client that tries everything once, for looking at a server that may be away. */
    public FileSystem impatientClient() throws IOException {
        Configuration hadoop = new Configuration();
        hadoop.setInt("fs.s3a.retry.limit", 0);
        hadoop.setInt("fs.s3a.retry.throttle.limit", 0);
        hadoop.setInt("fs.s3a.attempts.maximum", 1);
        return client(hadoop);
    }

    private FileSystem client(Configuration hadoop) throws IOException {
        sparkProperties(port).forEach((key, value) -> hadoop.set(key.substring("spark.hadoop.".length()), value));
        return FileSystem.newInstance(URI.create(uri("")), hadoop);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
