package io.maskroute.job.report;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** A headless Chromium of our own with one page, driven by its DevTools protocol on the loopback interface. */
final class Chromium implements AutoCloseable {
    private static final int SECONDS = 60;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<JsonNode>> events = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private int lastId;
    private String session;

    /**
     * Starts the browser, or skips the test where there is none; with {@code CI=true} in the environment that is an error.
     *
     * @param profile an empty folder
     */
    static Chromium start(Path profile) throws Exception {
        Path program = find();
        if (program == null) {
            String notice = "No Chromium found: set CHROMIUM to one or put chromium on the PATH to test the report";
            if ("true".equals(System.getenv("CI"))) {
                throw new AssertionError(notice + "; it must not be missing in CI");
            }
            System.err.println(notice);
            assumeTrue(false, notice);
        }
        return new Chromium(program, profile);
    }

    private static Path find() {
        String named = System.getenv("CHROMIUM");
        if (named != null && !named.isBlank()) {
            return Path.of(named);
        }
        Stream<Path> usual = Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
                .map(Path::of);
        Stream<Path> path = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .flatMap(folder -> Stream.of("chromium", "chromium-browser", "google-chrome", "chrome")
                        .map(name -> Path.of(folder, name)));
        return Stream.concat(usual, path)
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    private Chromium(Path program, Path profile) throws Exception {
        process = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--force-device-scale-factor=1",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .redirectOutput(profile.resolve("chromium.log").toFile())
                .start();
        try {
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(address(profile), new Listener())
                    .get(SECONDS, TimeUnit.SECONDS);
            JsonNode target = null;
            for (JsonNode info : send("Target.getTargets", Map.of()).get("targetInfos")) {
                target = info.get("type").asText().equals("page") ? info : target;
            }
            if (target == null) {
                throw new IllegalStateException("Chromium opened no page");
            }
            session = send(
                            "Target.attachToTarget",
                            Map.of("targetId", target.get("targetId").asText(), "flatten", true))
                    .get("sessionId")
                    .asText();
            for (String domain : List.of("Page", "Runtime", "Log", "Network", "Audits")) {
                send(domain + ".enable", Map.of());
            }
        } catch (Exception e) {
            stop();
            throw e;
        }
    }

    /** Chromium writes the port it chose, and the path, into its profile. */
    private URI address(Path profile) throws Exception {
        Path file = profile.resolve("DevToolsActivePort");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (System.nanoTime() < end && process.isAlive()) {
            List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
            if (lines.size() >= 2) {
                return URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1));
            }
            Thread.sleep(50);
        }
        throw new IOException("Chromium did not start: " + Files.readString(profile.resolve("chromium.log")));
    }

    JsonNode send(String method, Map<String, ?> parameters) throws Exception {
        int id = ++lastId;
        ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
        message.set("params", JSON.valueToTree(parameters));
        if (session != null) {
            message.put("sessionId", session);
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText(message.toString(), true).get(SECONDS, TimeUnit.SECONDS);
        JsonNode result = answer.get(SECONDS, TimeUnit.SECONDS);
        if (result.has("error")) {
            throw new IllegalStateException(method + ": " + result.get("error"));
        }
        return result.get("result");
    }

    /** Opens a file in a window of this size and waits until everything in it, pictures included, is there. */
    void open(Path page, int width, int height) throws Exception {
        send(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        complaints.clear();
        requests.clear();
        CompletableFuture<JsonNode> loaded = new CompletableFuture<>();
        events.put("Page.loadEventFired", loaded);
        send("Page.navigate", Map.of("url", page.toUri().toString()));
        loaded.get(SECONDS, TimeUnit.SECONDS);
        evaluate("Promise.all([...document.images].map(image => image.decode())).then(() => null)");
    }

    /** The value of an expression in the page; a promise is waited for. */
    JsonNode evaluate(String expression) throws Exception {
        JsonNode result =
                send("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.get("result").path("value");
    }

    /** The page from its top left corner, as tall as it is. */
    BufferedImage screenshot() throws Exception {
        JsonNode size = evaluate("[innerWidth, document.documentElement.scrollHeight]");
        JsonNode shot = send(
                "Page.captureScreenshot",
                Map.of(
                        "format",
                        "png",
                        "captureBeyondViewport",
                        true,
                        "clip",
                        Map.of(
                                "x",
                                0,
                                "y",
                                0,
                                "width",
                                size.get(0).asInt(),
                                "height",
                                size.get(1).asInt(),
                                "scale",
                                1)));
        return ImageIO.read(new ByteArrayInputStream(
                Base64.getDecoder().decode(shot.get("data").asText())));
    }

    /** What the console, the log and the page's issues have complained about since the page was opened. */
    List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** Addresses asked for since the page was opened, itself included; {@code data:} addresses cut short. */
    List<String> requests() {
        return List.copyOf(requests);
    }

    @Override
    public void close() {
        try {
            session = null;
            send("Browser.close", Map.of());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            // It may close the socket before it answers; stop() sees to the process either way.
        } finally {
            stop();
        }
    }

    private void stop() {
        List<ProcessHandle> own = new ArrayList<>(process.descendants().toList());
        own.add(process.toHandle());
        for (ProcessHandle handle : own) {
            try {
                handle.onExit().get(10, TimeUnit.SECONDS);
            } catch (TimeoutException | ExecutionException e) {
                handle.destroyForcibly();
            } catch (InterruptedException e) {
                handle.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }

    private void receive(JsonNode message) {
        if (message.has("id")) {
            waiting.remove(message.get("id").asInt()).complete(message);
            return;
        }
        JsonNode parameters = message.path("params");
        String method = message.path("method").asText();
        switch (method) {
            case "Runtime.consoleAPICalled",
                    "Runtime.exceptionThrown",
                    "Log.entryAdded",
                    "Audits.issueAdded" -> complaints.add(method + " " + parameters);
            case "Network.requestWillBeSent" -> {
                String url = parameters.get("request").get("url").asText();
                requests.add(url.startsWith("data:") ? "data:" : url);
            }
            default -> {
                CompletableFuture<JsonNode> awaited = events.remove(method);
                if (awaited != null) {
                    awaited.complete(parameters);
                }
            }
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder partial = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            partial.append(data);
            if (last) {
                try {
                    receive(JSON.readTree(partial.toString()));
                } catch (IOException e) {
                    complaints.add("unreadable message: " + e.getMessage());
                }
                partial.setLength(0);
            }
            from.request(1);
            return null;
        }
    }
}
