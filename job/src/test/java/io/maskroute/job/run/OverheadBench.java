package io.maskroute.job.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.ImageDecoder;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.model.PsalmSegmenter;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.segmenter.PicturePrompts;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.core.task.Task;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.job.cli.Cli;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the Spark job costs over a plain loop, and what preparing ahead gains. Figures, not a test; run it alone on a quiet
 * machine: {@code mvn -pl job -am test -Dtest=OverheadBench -Dsurefire.failIfNoSpecifiedTests=false}
 */
class OverheadBench {
    private static final int PAIRS = Integer.getInteger("bench.pairs", 5);
    private static final int COPIES = Integer.getInteger("bench.copies", 20);
    private static final int THREADS = 2;

    @TempDir
    private Path home;

    /** The bundled model over copies of the bundled dataset. */
    @Test
    void jobAgainstPlainLoop() throws Exception {
        Path root = Path.of("..").toAbsolutePath().normalize();
        Path model = root.resolve("models/tiny");
        List<ImageRow> images = copies(root.resolve("examples/refcoco-mini"));
        Datasets.write(home.resolve("dataset"), 16, images);
        double[] ratios = new double[PAIRS];
        for (int pair = -1; pair < PAIRS; pair++) {
            double loop = plainLoop(model, images);
            double job = job(new PsalmSegmenterFactory(), model);
            if (pair >= 0) {
                ratios[pair] = job / loop;
                System.out.printf("plain loop %.2f prompts/s, Spark job %.2f, ratio %.3f%n", loop, job, job / loop);
            }
        }
        Arrays.sort(ratios);
        System.out.printf(
                "Spark job over plain loop: median %.3f of %d pairs (%.3f to %.3f)%n",
                ratios[PAIRS / 2], PAIRS, ratios[0], ratios[PAIRS - 1]);
    }

    /** Work that only takes time, so that it does not depend on the machine: preparing takes as long as the model does. */
    @Test
    void pipelineAgainstOneAfterTheOther() throws Exception {
        Files.createDirectory(home.resolve("model"));
        List<ImageRow> images = new ArrayList<>();
        for (int i = 0; i < Integer.getInteger("bench.simulated", 1200); i++) {
            images.add(Datasets.image("i" + i, Datasets.png(20, 30), Datasets.prompt("p" + i, null, "s" + i)));
        }
        Datasets.write(home.resolve("dataset"), 4, images);
        Simulated simulated = new Simulated(new FakeSegmenters().open(options(home.resolve("model"))));
        long start = System.nanoTime();
        int sequential = 100;
        for (ImageRow image : images.subList(0, sequential)) {
            PreparedImage prepared = simulated.prepare(new ImageDecoder().decode(image.image()));
            simulated.segment(prepared, List.of(simulated.prepare(new ReferringTask(List.of("x")), prepared)));
        }
        double one = sequential / ((System.nanoTime() - start) / 1e9);
        Simulated.CALLS.set(0);
        double job = job(new SimulatedFactory(), home.resolve("model"));
        double inside = (images.size() - 1) / ((Simulated.LAST.get() - Simulated.FIRST.get()) / 1e9);
        System.out.printf(
                "one after the other %.2f rows/s, Spark job %.2f, ratio %.3f; from first to last row %.2f, ratio %.3f%n",
                one, job, job / one, inside, inside / one);
    }

    private static List<ImageRow> copies(Path dataset) {
        ImageRowReader reader = ImageRowReader.of(DatasetSchema.struct(), dataset.toString());
        List<ImageRow> originals = Datasets.read(dataset).stream()
                .map(row -> {
                    try {
                        return reader.read(row);
                    } catch (RowFailure e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toList();
        List<ImageRow> images = new ArrayList<>();
        for (int copy = 0; copy < COPIES; copy++) {
            for (ImageRow original : originals) {
                String suffix = "#" + copy;
                images.add(Datasets.image(
                        original.imageId() + suffix,
                        original.image(),
                        original.prompts().stream()
                                .map(p -> PromptRow.referring(p.promptId() + suffix, p.texts(), null))
                                .toArray(PromptRow[]::new)));
            }
        }
        return images;
    }

    private static ModelOptions options(Path model) {
        return new ModelOptions(model.toString(), ModelOptions.DENSE, "fp32", "cpu", false);
    }

    /**
     * As many threads as the job has tasks prepare, one runs the model, and masks are encoded; nothing is read or written.
     *
     * @return prompts per second, without loading and warming up
     */
    private static double plainLoop(Path model, List<ImageRow> images) throws Exception {
        ExecutorService preparing = Executors.newFixedThreadPool(THREADS);
        try (Segmenter segmenter =
                PsalmSegmenter.open(model, SegmenterOptions.builder().build())) {
            WarmUp.run(segmenter, 2, new CallAllowance(Duration.ZERO, Duration.ZERO));
            long start = System.nanoTime();
            BlockingQueue<Future<PicturePrompts>> ahead = new LinkedBlockingQueue<>();
            int next = 0;
            int prompts = 0;
            long area = 0;
            while (next < images.size() || !ahead.isEmpty()) {
                while (next < images.size() && ahead.size() < 3 * THREADS) {
                    ImageRow image = images.get(next++);
                    ahead.add(preparing.submit(() -> prepared(segmenter, image)));
                }
                PicturePrompts ready = ahead.take().get();
                for (Segmentation found : segmenter.segment(ready.image(), ready.prompts())) {
                    area += Rle.of(found.masks().get(0).mask()).compressed().length();
                    prompts++;
                }
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            if (area == 0) {
                throw new IllegalStateException("no masks");
            }
            return prompts / seconds;
        } finally {
            preparing.shutdown();
        }
    }

    private static PicturePrompts prepared(Segmenter segmenter, ImageRow image) throws RowFailure {
        PreparedImage picture = segmenter.prepare(new ImageDecoder().decode(image.image()));
        List<PreparedPrompt> prompts = new ArrayList<>();
        for (PromptRow prompt : image.prompts()) {
            prompts.add(segmenter.prepare(new ReferringTask(prompt.texts()), picture));
        }
        return new PicturePrompts(picture, prompts);
    }

    /** @return prompts per second of the groups, without starting Spark and loading the model */
    private double job(SegmenterFactory factory, Path model) throws IOException {
        StringWriter err = new StringWriter();
        Path out = home.resolve("out");
        int code = new Cli(home, factory, new PrintWriter(new StringWriter()), new PrintWriter(err))
                .run(
                        "segment",
                        "--model",
                        model.toString(),
                        "--dataset",
                        home.resolve("dataset").toString(),
                        "--output",
                        out.toString(),
                        "--fresh",
                        "-s",
                        "spark.master=local[" + THREADS + "]");
        if (code != 0) {
            throw new IllegalStateException(err.toString());
        }
        JsonNode summary =
                new ObjectMapper().readTree(out.resolve("summary.json").toFile());
        return summary.path("throughput").path("prompts_per_second").asDouble();
    }

    private static final class SimulatedFactory implements SegmenterFactory {
        private static final long serialVersionUID = 1;
        private final FakeSegmenters fake = new FakeSegmenters();

        @Override
        public ModelSummary inspect(ModelOptions options) {
            return fake.inspect(options);
        }

        @Override
        public Segmenter open(ModelOptions options) {
            return new Simulated(fake.open(options));
        }
    }

    private static final int WARM_UP_CALLS = 2;

    private record Simulated(Segmenter fake) implements Segmenter {
        private static final long MILLIS = 25;
        /** When the model began with its first picture after the warm-up, and with its last. */
        private static final AtomicLong FIRST = new AtomicLong();

        private static final AtomicLong LAST = new AtomicLong();
        private static final AtomicInteger CALLS = new AtomicInteger();

        @Override
        public SegmenterInfo info() {
            return fake.info();
        }

        @Override
        public PreparedImage prepare(RgbImage image) throws RowFailure {
            work();
            return fake.prepare(image);
        }

        @Override
        public PreparedPrompt prepare(Task prompt, PreparedImage image) throws RowFailure {
            return fake.prepare(prompt, image);
        }

        @Override
        public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
            LAST.set(System.nanoTime());
            if (CALLS.incrementAndGet() == WARM_UP_CALLS + 1) {
                FIRST.set(LAST.get());
            }
            work();
            return fake.segment(image, prompts);
        }

        private static void work() {
            try {
                Thread.sleep(MILLIS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            fake.close();
        }
    }
}
