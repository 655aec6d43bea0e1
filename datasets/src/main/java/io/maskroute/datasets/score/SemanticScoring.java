package io.maskroute.datasets.score;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.labels.Overlaps;
import io.maskroute.datasets.metrics.ConfusionMatrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Scores folders of label maps as detectron2's {@code SemSegEvaluator} and mmsegmentation's {@code IoUMetric}. A prediction
 * belongs to the truth of the same name, in folders below alike; what ends in png, tif or tiff counts.
 */
public final class SemanticScoring {
    private static final String FORMAT = "semantic";
    private static final Pattern NAME = Pattern.compile("(.+)\\.(png|tiff?)", Pattern.CASE_INSENSITIVE);

    private final Labels labels;

    private SemanticScoring(Labels labels) {
        this.labels = labels;
    }

    /**
     * How values of the truth are meant.
     *
     * @param classes their number; predictions are 0 … classes - 1
     * @param ignore value of pixels that count nowhere
     * @param zeroIsIgnore whether 0 counts nowhere either, and each other value is a class's plus 1, as in ADE20K's files
     */
    public record Labels(int classes, int ignore, boolean zeroIsIgnore) {
        /** The class; -1 where the pixel counts nowhere. */
        private int of(int value) {
            int label = zeroIsIgnore ? value - 1 : value;
            return label < 0 || value == ignore || label == ignore ? -1 : label;
        }
    }

    private record Pair(Path truth, Path prediction) {}

    /** @throws UnusableInputException when a picture is missing, has no truth, another size, or a label that no class has */
    public static SemanticReport score(Path truth, Path predictions, Labels labels) {
        SortedMap<String, Path> truths = pictures(truth);
        SortedMap<String, Path> found = pictures(predictions);
        List<Pair> pairs = new ArrayList<>();
        truths.forEach((name, file) -> {
            Path prediction = found.remove(name);
            if (prediction == null) {
                throw new UnusableInputException(predictions + " has no prediction for " + file);
            }
            pairs.add(new Pair(file, prediction));
        });
        if (!found.isEmpty()) {
            throw new UnusableInputException(
                    found.get(found.firstKey()) + ": there is no picture of this name in " + truth);
        }
        SemanticScoring scoring = new SemanticScoring(labels);
        return scoring.report(
                pairs.parallelStream()
                        .collect(() -> new ConfusionMatrix(labels.classes()), scoring::add, ConfusionMatrix::merge),
                pairs.size());
    }

    private static SortedMap<String, Path> pictures(Path folder) {
        SortedMap<String, Path> pictures = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            files.filter(file -> !Files.isDirectory(file)).forEach(file -> {
                String path = folder.relativize(file).toString();
                Matcher name = NAME.matcher(path);
                if (file.getFileName().toString().startsWith(".") || !name.matches()) {
                    return;
                }
                Path other = pictures.put(name.group(1), file);
                if (other != null) {
                    throw new UnusableInputException(other + " and " + file + " are two pictures of one name");
                }
            });
        } catch (IOException | UncheckedIOException e) {
            throw new UnusableInputException("The folder " + folder + " cannot be read: " + Reason.of(e), e);
        }
        if (pictures.isEmpty()) {
            throw new UnusableInputException(folder + " holds no label maps: files that end in .png, .tif or .tiff");
        }
        return pictures;
    }

    private void add(ConfusionMatrix figures, Pair pair) {
        LabelMap truth = LabelMap.ofLabels(pair.truth);
        LabelMap prediction = LabelMap.ofLabels(pair.prediction);
        if (!truth.hasSizeOf(prediction)) {
            throw new UnusableInputException(pair.prediction + " is " + prediction.width() + " wide and "
                    + prediction.height() + " high, its truth " + truth.width() + " and " + truth.height());
        }
        Overlaps.of(truth, prediction).forEach((ofTruth, ofPrediction, pixels) -> {
            int label = labels.of(ofTruth);
            if (label < 0) {
                return;
            }
            if (label >= labels.classes()) {
                throw new UnusableInputException(pair.truth + " has the value " + ofTruth + ", and there are "
                        + labels.classes() + " classes, " + (labels.zeroIsIgnore() ? "1" : "0") + " to "
                        + (labels.zeroIsIgnore() ? labels.classes() : labels.classes() - 1) + ": see --classes,"
                        + " --ignore and --zero-is-ignore");
            }
            if (ofPrediction >= labels.classes()) {
                throw new UnusableInputException(pair.prediction + " has the value " + ofPrediction
                        + " where the truth has a class, and there are " + labels.classes() + " classes, 0 to "
                        + (labels.classes() - 1));
            }
            figures.add(label, ofPrediction, pixels);
        });
    }

    private SemanticReport report(ConfusionMatrix figures, int images) {
        ConfusionMatrix.Detectron2 detectron2 = figures.detectron2();
        ConfusionMatrix.Mmsegmentation mmsegmentation = figures.mmsegmentation();
        SortedMap<Integer, SemanticReport.ClassIou> perClass = new TreeMap<>();
        for (int label = 0; label < labels.classes(); label++) {
            perClass.put(
                    label, new SemanticReport.ClassIou(orNull(mmsegmentation.iou()[label])));
        }
        return new SemanticReport(
                FORMAT,
                figures.scores(true, images),
                new SemanticReport.Detectron2(
                        orNull(detectron2.meanIou()),
                        orNull(detectron2.frequencyWeightedIou()),
                        orNull(detectron2.meanAccuracy()),
                        orNull(detectron2.pixelAccuracy()),
                        orNulls(detectron2.iou())),
                new SemanticReport.Mmsegmentation(
                        orNull(mmsegmentation.meanIou()),
                        orNull(mmsegmentation.accuracy()),
                        orNulls(mmsegmentation.iou())),
                perClass,
                images,
                List.of());
    }

    private static Double orNull(double value) {
        return Double.isNaN(value) ? null : value;
    }

    private static List<Double> orNulls(double[] values) {
        return Arrays.stream(values).mapToObj(SemanticScoring::orNull).toList();
    }
}
