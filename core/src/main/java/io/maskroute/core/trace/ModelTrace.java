package io.maskroute.core.trace;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.image.RgbImage;
import io.maskroute.core.model.ForwardTrace;
import io.maskroute.core.model.LoadedModel;
import io.maskroute.core.model.SegmenterOptions;
import io.maskroute.core.model.VisionEncoder;
import io.maskroute.core.segmenter.PreparedPrompt;
import io.maskroute.core.task.Task;
import io.maskroute.core.torchscript.TorchScope;
import java.nio.file.Path;
import java.util.List;

/** Runs a model folder on one picture and one prompt. */
public final class ModelTrace {
    private ModelTrace() {}

    /** @throws RowFailure when the picture or the prompt cannot be prepared for the model */
    public static Trace run(Path modelFolder, SegmenterOptions options, RgbImage image, Task task) throws RowFailure {
        try (LoadedModel model = LoadedModel.open(modelFolder, options)) {
            if (model.network().llm().plan().dropping().isPresent()) {
                throw new UnusableInputException(
                        options.routing().orElseThrow()
                                + ": drops image tokens, and a trace names every token of every layer; trace with another routing");
            }
            PreparedImage picture = new ImagePreprocessor(model.network().config()).prepare(image);
            PreparedPrompt tokens = model.tokenizer().prepare(task).at(task.regions(picture.geometry()));
            return Trace.of(model.network(), input(model, picture, tokens));
        }
    }

    private static ForwardTrace.Input input(LoadedModel model, PreparedImage picture, PreparedPrompt tokens) {
        try (TorchScope work = model.network().scope()) {
            VisionEncoder.Pixels pixels = model.network().vision().normalize(work, List.of(picture));
            return new ForwardTrace.Input(
                    work.floats(pixels.square()),
                    pixels.stretched() == null ? new float[0] : work.floats(pixels.stretched()),
                    picture.geometry(),
                    tokens,
                    new int[0]);
        }
    }
}
