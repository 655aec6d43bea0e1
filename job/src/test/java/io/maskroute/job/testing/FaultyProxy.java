package io.maskroute.job.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * Stands before an HTTP server on the loopback interface and lets some requests fail: with status 503, with a connection that is
 * reset before the answer, or with one that is reset within it. Every connection carries one request.
 */
public final class FaultyProxy implements AutoCloseable {
    private static final Pattern CONNECTION = Pattern.compile("(?im)^connection:.*\r\n");
    private static final String HEAD_END = "\r\n\r\n";
    private static final String UNAVAILABLE = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code>"
            + "<Message>Please reduce your request rate.</Message></Error>";
    private static final int FIRST_BYTES = 200;

    private final int server;
    private final double rate;
    private final Random random;
    private final ServerSocket listener;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "faulty-proxy");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger faults = new AtomicInteger();

    private enum Fault {
        UNAVAILABLE,
        RESET,
        CUT_SHORT
    }

    /**
     * @param server port of the server
     * @param rate share of the requests that fail
     */
    public FaultyProxy(int server, double rate, long seed) throws IOException {
        this.server = server;
        this.rate = rate;
        this.random = new Random(seed);
        this.listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        threads.submit(this::listen);
    }

    public int port() {
        return listener.getLocalPort();
    }

    public int requests() {
        return requests.get();
    }

    public int faults() {
        return faults.get();
    }

    private Void listen() throws IOException {
        while (true) {
            Socket client = listener.accept();
            threads.submit(() -> serve(client));
        }
    }

    private Void serve(Socket client) throws IOException {
        try (client) {
            String head = head(client.getInputStream());
            if (head.isEmpty()) {
                return null;
            }
            requests.incrementAndGet();
            Fault fault = next();
            if (fault != null) {
                faults.incrementAndGet();
            }
            if (fault == Fault.UNAVAILABLE) {
                refuse(client);
            } else if (fault == Fault.RESET) {
                reset(client);
            } else {
                forward(head, client, fault == Fault.CUT_SHORT);
            }
        }
        return null;
    }

    private synchronized Fault next() {
        return random.nextDouble() < rate ? Fault.values()[random.nextInt(Fault.values().length)] : null;
    }

    private void forward(String head, Socket client, boolean cutShort) throws IOException {
        try (Socket upstream = new Socket(InetAddress.getLoopbackAddress(), server)) {
            String single =
                    CONNECTION.matcher(head).replaceAll("").replace(HEAD_END, "\r\nConnection: close" + HEAD_END);
            upstream.getOutputStream().write(single.getBytes(StandardCharsets.ISO_8859_1));
            Future<?> body = threads.submit(() -> {
                client.getInputStream().transferTo(upstream.getOutputStream());
                return null;
            });
            if (cutShort) {
                client.getOutputStream().write(upstream.getInputStream().readNBytes(FIRST_BYTES));
                reset(client);
            } else {
                upstream.getInputStream().transferTo(client.getOutputStream());
                client.shutdownOutput();
            }
            body.cancel(true);
        } catch (IOException e) {
            // The server is gone, or the client is: either way the client sees it.
            reset(client);
        }
    }

    private static void refuse(Socket client) throws IOException {
        OutputStream out = client.getOutputStream();
        out.write(("HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: "
                        + UNAVAILABLE.length() + HEAD_END + UNAVAILABLE)
                .getBytes(StandardCharsets.ISO_8859_1));
        client.shutdownOutput();
        // A body that nobody reads would turn the answer into a reset.
        client.setSoTimeout(2_000);
        client.getInputStream().transferTo(OutputStream.nullOutputStream());
    }

    private static void reset(Socket client) throws IOException {
        client.setSoLinger(true, 0);
        client.close();
    }

    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < HEAD_END.length()) {
            int next = in.read();
            if (next < 0) {
                return "";
            }
            bytes.write(next);
            matched = next == HEAD_END.charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
        }
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        threads.shutdownNow();
    }
}
