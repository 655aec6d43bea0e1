package io.maskroute.job.testing;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.segmenter.Segmentation;
import io.maskroute.core.segmenter.Segmenter;
import io.maskroute.core.segmenter.SegmenterInfo;
import io.maskroute.core.task.Task;
import io.maskroute.job.config.ModelOptions;
import io.maskroute.job.run.SegmenterFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** {@link FakeSegmenters} that take their time, and count their calls where other processes can see it. */
public final class SlowSegmenters implements SegmenterFactory {
    private static final String CALLS = "calls";
    private static final long MILLIS = 30;

    private final FakeSegmenters fakes = new FakeSegmenters();

    /** Calls of {@code segment} so far, over all processes. */
    public static long calls(Path model) {
        try {
            return Files.size(model.resolve(CALLS));
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public ModelSummary inspect(ModelOptions options) {
        return fakes.inspect(options);
    }

    @Override
    public Segmenter open(ModelOptions options) {
        return new Slow(fakes.open(options), Path.of(options.path(), CALLS));
    }

    private record Slow(Segmenter fake, Path calls) implements Segmenter {
        @Override
        public SegmenterInfo info() {
            return fake.info();
        }

        @Override
        public PreparedImage prepare(RgbImage image) throws RowFailure {
            return fake.prepare(image);
        }

        @Override
        public PreparedPrompt prepare(Task prompt, PreparedImage image) throws RowFailure {
            return fake.prepare(prompt, image);
        }

        @Override
        public List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure {
            try {
                Thread.sleep(MILLIS);
                Files.write(calls, new byte[1], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return fake.segment(image, prompts);
        }

        @Override
        public void close() {
            fake.close();
        }
    }
}
