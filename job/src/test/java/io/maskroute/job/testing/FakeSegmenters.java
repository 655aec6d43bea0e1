package io.maskroute.job.testing;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.Task;
import io.maskroute.job.cli.Cli;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.run.SegmenterFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A model without a network: the mask is a rectangle that the prompt's hash decides. Some sentences make it fail. It holds the
 * job to the threading rules of {@link Segmenter}.
 */
public final class FakeSegmenters implements SegmenterFactory {
    /** A sentence that begins so has a mask that scores 0.25; others score 0.75. */
    public static final String DOUBTFUL = "perhaps";
    /** A sentence whose tokens cannot be made. */
    public static final String UNTOKENISABLE = "untokenisable";
    /** A sentence at which the model throws what a bug would. */
    public static final String BUG = "bug";
    /** A sentence at which the model refuses the prompt. */
    public static final String REFUSED = "refused";
    /** A sentence at which the model refuses the prompt as long as there is a file of this name in its folder. */
    public static final String FLAKY = "flaky";
    /** A file in the model folder whose content is the model's fingerprint. */
    public static final String FINGERPRINT = "fingerprint.json";
    /** A sentence at which loading a class fails, as when a native library is missing: no row can help that. */
    public static final String NO_NATIVES = "no natives";

    /** A picture of this width does not fit into the heap. */
    public static final int TOO_WIDE = 77;

    /** A file in the model folder that ends the looking at it with an error. */
    public static final String FATAL = "fatal";

    /** A sentence at which the process dies, as of a fault in native code. */
    public static final String DEADLY = "deadly";
    /** A sentence at which the model never answers. */
    public static final String ENDLESS = "endless";
    /** A sentence at which the model waits from {@link #hold} to {@link #release}. */
    public static final String HELD = "held";

    /** Models opened, and calls of {@code segment}, in this JVM; tests compare before and after. */
    public static final AtomicInteger OPENED = new AtomicInteger();

    public static final AtomicInteger CALLS = new AtomicInteger();

    private static volatile CountDownLatch held = new CountDownLatch(0);

    private static final int MASK_TOKENS = 100;

    /** The command line with this model, for processes of a cluster. */
    public static void main(String[] arguments) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        Path home = Path.of(System.getProperty("maskroute.home"));
        System.exit(new Cli(home, new FakeSegmenters(), out, out).run(arguments));
    }

    public static void hold() {
        held = new CountDownLatch(1);
    }

    public static void release() {
        held.countDown();
    }

    @Override
    public ModelSummary inspect(ModelOptions options) {
        if (!Files.isDirectory(Path.of(options.path()))) {
            throw new UnusableInputException("there is no model folder " + options.path());
        }
        if (Files.exists(Path.of(options.path(), FATAL))) {
            throw new OutOfMemoryError("of a test");
        }
        return new ModelSummary(fingerprint(options), options.routing(), minScore(options), true);
    }

    @Override
    public Segmenter open(ModelOptions options) {
        OPENED.incrementAndGet();
        if (Files.exists(Path.of(options.path(), "broken"))) {
            throw new UnusableInputException("the model " + options.path() + " lacks the weight x.y.z");
        }
        return new Fake(options);
    }

    private static double minScore(ModelOptions options) {
        return options.minScore() == null ? 0 : options.minScore();
    }

    private static String fingerprint(ModelOptions options) {
        Path file = Path.of(options.path(), FINGERPRINT);
        try {
            return Files.exists(file) ? Files.readString(file) : "fake-model";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The mask for a prompt; also used to make ground truth that is met exactly. */
    public static BinaryMask mask(List<String> sentences, int height, int width) {
        int hash = Math.floorMod(sentences.hashCode(), 1 << 16);
        int rows = 1 + hash % height;
        int columns = 1 + hash / 7 % width;
        byte[] pixels = new byte[height * width];
        for (int x = 0; x < columns; x++) {
            for (int y = 0; y < rows; y++) {
                pixels[x * height + y] = 1;
            }
        }
        return new BinaryMask(height, width, pixels);
    }

    private static final class Fake implements Segmenter {
        /** The thread that opened the model is the first of those that may call it. */
        private final Set<Thread> callers = Collections.synchronizedSet(new HashSet<>(Set.of(Thread.currentThread())));

        private volatile int announced = 1;
        private final ModelOptions options;

        Fake(ModelOptions options) {
            this.options = options;
        }

        @Override
        public SegmenterInfo info() {
            return new SegmenterInfo(fingerprint(options), options.routing(), "cpu", "fp32");
        }

        @Override
        public PreparedImage prepare(RgbImage image) {
            if (image.width() == TOO_WIDE) {
                throw new OutOfMemoryError("of a test");
            }
            return new PreparedImage(new byte[0], 0, 0, 0, image.height(), image.width());
        }

        @Override
        public PreparedPrompt prepare(Task task, PreparedImage image) throws RowFailure {
            ReferringTask prompt = (ReferringTask) task;
            if (prompt.sentences().contains(UNTOKENISABLE)) {
                throw new RowFailure(Stage.TOKENIZE, "too-long", "the prompt is too long");
            }
            int[] condition = String.join("\n", prompt.sentences()).chars().toArray();
            return PreparedPrompt.referring(new int[0], new int[0], condition, new int[0]);
        }

        @Override
        public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
            requireCaller();
            CALLS.incrementAndGet();
            List<List<String>> sentences = prompts.stream()
                    .map(p -> new String(p.text(), 0, p.text().length))
                    .map(text -> List.of(text.split("\n")))
                    .toList();
            for (List<String> asked : sentences) {
                if (asked.contains(BUG)) {
                    throw new IndexOutOfBoundsException("a bug\nin two lines");
                }
                if (asked.contains(FLAKY) && Files.exists(Path.of(options.path(), FLAKY))) {
                    throw new RowFailure(Stage.PROMPT, "flaky", "the model refused for now");
                }
                if (asked.contains(REFUSED)) {
                    throw new RowFailure(Stage.PROMPT, "refused", "the model refused");
                }
                if (asked.contains(DEADLY)) {
                    Runtime.getRuntime().halt(134);
                }
                if (asked.contains(ENDLESS)) {
                    hang();
                }
                if (asked.contains(HELD)) {
                    await(held);
                }
                if (asked.contains(NO_NATIVES)) {
                    throw new UnsatisfiedLinkError("no natives");
                }
            }
            return sentences.stream()
                    .map(asked -> segmentation(asked, image, sentences.size(), minScore(options)))
                    .toList();
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        private static void hang() {
            while (true) {
                LockSupport.park();
            }
        }

        private static Segmentation segmentation(
                List<String> asked, PreparedImage image, int sharing, double minScore) {
            float score = asked.get(0).startsWith(DOUBTFUL) ? 0.25f : 0.75f;
            return new Segmentation(
                    score < minScore
                            ? List.of()
                            : List.of(new io.maskroute.core.task.ScoredMask(
                                    mask(asked, image.originalHeight(), image.originalWidth()), score)),
                    new Segmentation.TokenCounts(16, 4, 20, MASK_TOKENS),
                    new Segmentation.FlopCounts(
                            600_000_000_000L, 1_000_000_000_000L, 30L / sharing, 7, 700_000_000_000L),
                    new Segmentation.StageMillis(4.0 / sharing, 2.0 / sharing, 1, 0.5, 0.25));
        }

        @Override
        public void close() {
            requireCaller();
        }

        @Override
        public void shareAmong(int threads, int cores) {
            announced = threads;
        }

        private void requireCaller() {
            callers.add(Thread.currentThread());
            if (callers.size() > announced) {
                throw new IllegalStateException("more threads than " + announced + " call the model");
            }
        }
    }
}
