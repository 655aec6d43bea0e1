package io.maskroute.core.segmenter;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.task.Task;
import java.util.ArrayList;
import java.util.List;

/**
 * One loaded model on one device.
 *
 * <p>The {@code prepare} methods are plain Java and may be called from any number of threads at once, {@link #segment} from as many
 * as were announced with {@link #shareAmong}, and {@link #close} when none of them is at work.
 */
public interface Segmenter extends AutoCloseable {
    SegmenterInfo info();

    /** Resizes and pads a picture for the network. */
    PreparedImage prepare(RgbImage image) throws RowFailure;

    /**
     * Tokenises a prompt.
     *
     * @param image the picture that it is about
     */
    PreparedPrompt prepare(Task prompt, PreparedImage image) throws RowFailure;

    /**
     * Masks for all prompts of one picture; the picture's own work is done once and its cost divided evenly over the
     * prompts.
     *
     * @return one result per prompt, in order
     * @throws RowFailure when the picture or one of the prompts cannot be processed
     * @throws DeviceOutOfMemoryException when fewer prompts at a time may pass
     * @throws DeviceLostException when this process can do nothing more on the device
     */
    List<Segmentation> segment(PreparedImage image, List<PreparedPrompt> prompts) throws RowFailure;

    /**
     * Several pictures, together where the model can. Worth it on a device that one picture does not fill; the callers choose how
     * many fit its memory. When one of them fails, all do: try them one by one then.
     *
     * @return per picture what {@link #segment(PreparedImage, List)} gives
     */
    default List<List<Segmentation>> segment(List<PicturePrompts> pictures) throws RowFailure {
        List<List<Segmentation>> results = new ArrayList<>(pictures.size());
        for (PicturePrompts picture : pictures) {
            results.add(segment(picture.image(), picture.prompts()));
        }
        return results;
    }

    /**
     * How many threads best call {@link #segment} at the same time.
     *
     * @param cores that they have together, where it runs on a CPU
     */
    default int suitableThreads(int cores) {
        return 1;
    }

    /** To be called before the first {@link #segment}, where it is not one thread that calls it: on a CPU each has its share of the cores. */
    default void shareAmong(int threads, int cores) {}

    @Override
    void close();
}
