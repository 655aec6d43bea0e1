package io.maskroute.core.task;

import ai.djl.pytorch.jni.IValue;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.torchscript.TorchScope;
import java.util.ArrayList;
import java.util.List;

/**
 * A class for every pixel; one mask per class that is present. As in PSALM's semantic mode, a class's map is the sum over the queries of
 * class and mask probability in the network's square, resized then. A mask's score is the mean over its pixels of its class's share of
 * all classes there.
 *
 * @param categories in the prompt's order, without the background
 */
public record SemanticTask(List<Category> categories) implements Task {
    /** In longer vocabularies, PSALM takes the first of a class's names that commas separate. */
    private static final int FULL_NAMES = 200;

    public SemanticTask {
        categories = List.copyOf(categories);
    }

    @Override
    public String label() {
        return "semantic";
    }

    @Override
    public List<Condition> conditions() throws RowFailure {
        return ClassPrompt.conditions(
                categories, name -> categories.size() > FULL_NAMES ? name.split(",", 2)[0] : name);
    }

    @Override
    public Head head() {
        return Head.CLASS;
    }

    @Override
    public List<ScoredMask> masks(Decoded decoded, AnswerRule rule) throws RowFailure {
        ClassPrompt.probabilities(decoded, categories);
        List<ScoredMask> found = new ArrayList<>();
        try (TorchScope work = decoded.work().sibling()) {
            IValue[] labels = work.elements(work.run(
                    "semantic_labels",
                    work.run("without_last", work.run("class_probabilities", decoded.logits())),
                    decoded.embeddings(),
                    decoded.features(),
                    work.of((long) decoded.maskSize()),
                    decoded.content(),
                    decoded.original(),
                    work.of(Decoded.MASK_PIXELS)));
            long[] pixels = work.longs(labels[1]);
            float[] shares = work.floats(labels[2]);
            for (int c = 0; c < categories.size(); c++) {
                float score = pixels[c] == 0 ? 0 : shares[c] / pixels[c];
                if (pixels[c] > 0 && rule.isEnough(score)) {
                    IValue mask = work.run("label_mask", labels[0], work.of((long) c));
                    found.add(new ScoredMask(decoded.mask(work.bytes(mask)), score, categories.get(c), null));
                    work.free(mask);
                }
            }
        }
        return rule.answer(found);
    }

    @Override
    public void trace(Decoded decoded, IValue taps) {
        decoded.trace("trace_semantic", taps);
    }
}
