package io.maskroute.job.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.maskroute.core.error.RowFailure;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.config.ConfigurationException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a dataset may name, and what is said of what it may not. */
class ImageBytesTest {
    private static final String SECRET = "S3CRET:x:0:0";
    private static final String QUERY = "X-Amz-Signature=0123456789abcdef";

    @TempDir
    private Path home;

    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private Path dataset;
    private Path outside;
    private HttpServer server;
    private String web;

    @BeforeEach
    void picturesInsideAndOutside() throws IOException {
        dataset = Files.createDirectories(home.resolve("data/set"));
        outside = Files.createDirectories(home.resolve("data/outside"));
        Files.createDirectories(dataset.resolve("images"));
        Files.writeString(dataset.resolve("images/a.png"), "inside");
        Files.writeString(outside.resolve("secret.jpg"), SECRET);
        Files.createDirectories(home.resolve("data/set-2"));
        Files.writeString(home.resolve("data/set-2/secret.jpg"), SECRET);
        Files.createSymbolicLink(dataset.resolve("link.jpg"), outside.resolve("secret.jpg"));
        Files.createSymbolicLink(dataset.resolve("linked"), outside);
        Files.createSymbolicLink(dataset.resolve("inner.png"), dataset.resolve("images/a.png"));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        web = "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestURI().toString());
        String path = exchange.getRequestURI().getPath();
        if (path.endsWith("moved.jpg")) {
            exchange.getResponseHeaders().add("Location", web + "/elsewhere/x.jpg");
            exchange.sendResponseHeaders(302, -1);
        } else if (path.endsWith("gone.jpg")) {
            exchange.sendResponseHeaders(404, -1);
        } else if (path.endsWith("silent.jpg")) {
            // No answer, until the server ends.
            return;
        } else if (path.endsWith("slow.jpg")) {
            exchange.sendResponseHeaders(200, 0);
            try (OutputStream out = exchange.getResponseBody()) {
                while (true) {
                    out.write('x');
                    out.flush();
                }
            } catch (IOException e) {
                return; // The reader has had enough.
            }
        } else if (path.endsWith("refused.jpg")) {
            exchange.sendResponseHeaders(403, -1);
        } else {
            byte[] body = "from the server".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private String read(String uri, String... roots) throws RowFailure {
        byte[] bytes = new ImageBytes(dataset.toString(), List.of(roots), new Configuration(), 100)
                .read(new ImageRow("i", null, uri, List.of(), null, null, null));
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private RowFailure failure(String uri, String... roots) {
        return catchThrowableOfType(RowFailure.class, () -> read(uri, roots));
    }

    /** {@code @} stands for the folder above the dataset's, {@code WEB} for the server. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "@/outside/secret.jpg",
                "../outside/secret.jpg",
                "images/../../outside/secret.jpg",
                "../set-2/secret.jpg",
                "file:@/outside/secret.jpg",
                "file://@/outside/secret.jpg",
                "file://host@/outside/secret.jpg",
                "FILE:@/outside/secret.jpg",
                "file:@/set/%2e%2e/outside/secret.jpg",
                "file:@/set/images/..%2f..%2foutside/secret.jpg",
                "link.jpg",
                "linked/secret.jpg",
                "file:@/set/link.jpg",
                "@/outside/nothing-there.jpg",
                "../outside",
                "linked/nothing-there.jpg",
                "/etc/passwd",
                "/proc/self/environ",
                "WEB/x.jpg",
                "WEB/x.jpg?X-Amz-Signature=0123456789abcdef",
                "HTTP://127.0.0.1/x.jpg",
                "https://127.0.0.1/x.jpg",
                "s3a://someone-elses/x.jpg?X-Amz-Signature=0123456789abcdef",
                "hdfs://127.0.0.1:1/x.jpg",
                "ftp://127.0.0.1/x.jpg",
                "jar:/x.jpg"
            })
    void whatLiesElsewhereIsNotOpened(String uri) {
        RowFailure failure = failure(here(uri));

        assertThat(failure).isNotNull();
        assertThat(failure.stage().label() + "/" + failure.kind()).isEqualTo("read/image-not-allowed");
        assertThat(failure)
                .hasMessageContaining("dataset.image-roots=[")
                .hasMessageNotContaining(SECRET.substring(0, 4))
                .hasMessageNotContaining(QUERY);
        assertThat(requests).isEmpty();
    }

    private String here(String uri) {
        return uri.replace("@", home.resolve("data").toString()).replace("WEB", web);
    }

    @Test
    void theMessageNamesTheSettingThatAllowsIt() throws RowFailure {
        RowFailure failure = failure(outside + "/secret.jpg", "/elsewhere");

        assertThat(failure).hasMessageEndingWith("-s 'dataset.image-roots=[\"/elsewhere\",\"" + outside + "\"]'");
        assertThat(failure(web + "/a/x.jpg?" + QUERY)).hasMessageEndingWith("[\"" + web + "/a/\"]'");
        assertThat(failure("s3a://b/c/x.jpg")).hasMessageEndingWith("[\"s3a://b/c/\"]'");
        assertThat(failure("link.jpg")).hasMessageEndingWith("[\"" + outside + "\"]'");
        assertThat(read(outside + "/secret.jpg", "/elsewhere", outside.toString()))
                .isEqualTo(SECRET);
        assertThat(read("link.jpg", outside + "/")).isEqualTo(SECRET);
        assertThat(read("link.jpg", "file:" + outside)).isEqualTo(SECRET);
        assertThat(read("../outside/secret.jpg", "/")).isEqualTo(SECRET);
    }

    @Test
    void linksWithinTheDatasetAndToItAreFollowed() throws Exception {
        assertThat(read("images/a.png")).isEqualTo("inside");
        assertThat(read("inner.png")).isEqualTo("inside");
        assertThat(read("images/../images/a.png")).isEqualTo("inside");
        assertThat(read(dataset + "/images/a.png")).isEqualTo("inside");
        Path name = Files.createSymbolicLink(home.resolve("name"), dataset);
        assertThat(read(name + "/images/a.png")).isEqualTo("inside");
        assertThat(new String(
                        new ImageBytes(name.toString(), List.of(), new Configuration(), 100)
                                .read(new ImageRow("i", null, dataset + "/images/a.png", List.of(), null, null, null)),
                        StandardCharsets.UTF_8))
                .isEqualTo("inside");
    }

    @Test
    void anAllowedServerIsAskedForThePictureAndNothingElse() throws RowFailure {
        String root = web + "/pictures";

        assertThat(read(web + "/pictures/a%20b.jpg?" + QUERY, root)).isEqualTo("from the server");
        assertThat(requests).containsExactly("/pictures/a%20b.jpg?" + QUERY);

        RowFailure moved = failure(web + "/pictures/moved.jpg?" + QUERY, root);
        assertThat(moved.kind()).isEqualTo("image-not-allowed");
        assertThat(moved).hasMessageContaining("302").hasMessageNotContaining(QUERY);
        assertThat(requests).hasSize(2).noneMatch(request -> request.contains("elsewhere"));
        assertThat(failure(web + "/pictures/gone.jpg?" + QUERY, root))
                .hasMessage("there is no file " + web + "/pictures/gone.jpg")
                .extracting(RowFailure::kind)
                .isEqualTo("image-not-found");
        assertThat(failure(web + "/pictures/refused.jpg?" + QUERY, root))
                .hasMessage(web + "/pictures/refused.jpg cannot be read: the server answers 403");
        assertThat(requests).hasSize(4);

        for (String other : List.of(
                web + "/other/x.jpg",
                web + "/pictures/../other/x.jpg",
                web + "/pictures/%2e%2e/other/x.jpg",
                web + "/pictures/..%2fother/x.jpg",
                web + "/pictures/..%5cother/x.jpg",
                web + "/pictures-2/x.jpg",
                web.replace("127.0.0.1", "localhost") + "/pictures/x.jpg",
                "http://127.0.0.1/pictures/x.jpg")) {
            assertThat(failure(other, root).kind()).as(other).isEqualTo("image-not-allowed");
        }
        assertThat(requests).hasSize(4);
    }

    @ParameterizedTest
    @CsvSource({"silent.jpg, 200, 3600000", "slow.jpg, 3600000, 200"})
    void aServerThatDoesNotComeToAnEndIsNotWaitedFor(String picture, long silence, long whole) {
        ImageBytes images = new ImageBytes(
                dataset.toString(),
                List.of(web),
                new Configuration(),
                Integer.MAX_VALUE - 8,
                new ImageBytes.Patience(Duration.ofHours(1), Duration.ofMillis(silence), Duration.ofMillis(whole)));

        RowFailure failure = catchThrowableOfType(
                RowFailure.class,
                () -> images.read(
                        new ImageRow("i", null, web + "/" + picture + "?" + QUERY, List.of(), null, null, null)));

        assertThat(failure.kind()).isEqualTo("image-timeout");
        assertThat(failure)
                .hasMessageStartingWith(web + "/" + picture + " did not come in time: ")
                .hasMessageNotContaining(QUERY);
    }

    @Test
    void addressesThatAreNoneAreNamedWithoutTheirQuery() {
        assertThat(failure("https://h/a b.jpg?" + QUERY + " c")).hasMessage("https://h/a b.jpg is no valid address");
        assertThat(failure("http:/x.jpg?" + QUERY)).hasMessage("http:/x.jpg is no valid address");
        assertThat(failure("s3a://user:word@b/x.jpg?" + QUERY).getMessage())
                .startsWith("s3a://b/x.jpg carries a password")
                .doesNotContain("word@");
        assertThatThrownBy(() -> read("a.png", "https://a b/"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("dataset.image-roots");
    }

    @Test
    void whatIsMissingIsSaidToBe() throws Exception {
        assertThat(failure("images/b.png"))
                .hasMessage("there is no file images/b.png")
                .extracting(RowFailure::kind)
                .isEqualTo("image-not-found");
        assertThat(failure("images")).hasMessage("images is no file");
        Files.writeString(dataset.resolve("long.png"), "x".repeat(101));
        assertThat(failure("long.png").kind()).isEqualTo("image-too-large");
        Path pipe = dataset.resolve("pipe.png");
        new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
        assertThat(failure("pipe.png")).hasMessage("pipe.png is no file");
        Path closed = Files.writeString(dataset.resolve("closed.png"), SECRET);
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        if (!Files.isReadable(closed)) {
            assertThat(failure("closed.png")).hasMessage("closed.png cannot be read: permission denied");
        }
    }
}
