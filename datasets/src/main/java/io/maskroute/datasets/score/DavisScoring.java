package io.maskroute.datasets.score;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.metrics.Boundary;
import io.maskroute.datasets.metrics.EmptyUnion;
import io.maskroute.datasets.metrics.Score;
import io.maskroute.datasets.metrics.VideoObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Scores folders of DAVIS 2017 results, {@code SEQUENCE/FRAME.png}, as davis2017-evaluation does for the semi-supervised task: the
 * first and the last frame are left out, and the void value 255 is background. Of sequences of more than 256 frames, which DAVIS
 * has none of, the decay differs from that program's, whose frame numbers overflow there.
 */
public final class DavisScoring {
    private static final String FORMAT = "davis";
    private static final String RESOLUTION = "480p";
    private static final int VOID = 255;
    private static final Score.Conditions CONDITIONS =
            new Score.Conditions("video", "davis2017-evaluation", "semi-supervised", null, true);

    private DavisScoring() {}

    /** @param objects of the sequence, numbered from 1 on */
    private record Frame(String sequence, int number, int objects, Path truth, Path prediction) {}

    /**
     * @param truth folder with {@code Annotations/480p} and {@code ImageSets/2017}
     * @param predictions folder of the sequences' folders; others in it are passed over
     * @param set {@code val}, {@code train} …: its file names the sequences
     * @throws UnusableInputException when a frame is missing, has another size than its truth, or an object that the truth
     *     does not have
     */
    public static DavisReport score(Path truth, Path predictions, String set) {
        Set<String> sequences = sequences(truth.resolve("ImageSets").resolve("2017"), set);
        List<Frame> frames = new ArrayList<>();
        for (String sequence : sequences) {
            frames.addAll(frames(
                    sequence,
                    truth.resolve("Annotations").resolve(RESOLUTION).resolve(sequence),
                    predictions.resolve(sequence)));
        }
        return report(
                frames.parallelStream().collect(VideoObjects::new, DavisScoring::add, VideoObjects::merge),
                sequences.size());
    }

    private static Set<String> sequences(Path folder, String set) {
        Path file = folder.resolve(set + ".txt");
        try {
            Set<String> sequences = new LinkedHashSet<>();
            Files.readAllLines(file).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .forEach(sequences::add);
            if (sequences.isEmpty()) {
                throw new UnusableInputException(file + " names no sequences");
            }
            return sequences;
        } catch (IOException e) {
            throw new UnusableInputException(
                    file + ", which names the sequences of the set, cannot be read: " + Reason.of(e), e);
        }
    }

    private static List<Frame> frames(String sequence, Path annotations, Path predictions) {
        List<Path> truths;
        try (Stream<Path> files = Files.list(annotations)) {
            truths = files.filter(file -> file.getFileName().toString().endsWith(".png"))
                    .sorted((a, b) ->
                            a.getFileName().toString().compareTo(b.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new UnusableInputException(
                    "The annotations " + annotations + " of sequence " + sequence + " cannot be read: " + Reason.of(e),
                    e);
        }
        if (truths.size() < 3) {
            throw new UnusableInputException(annotations + " has " + truths.size()
                    + " frames: the first and the last are not scored, so there must be three");
        }
        int objects = 0;
        for (int value : LabelMap.ofLabels(truths.get(0)).values()) {
            objects = value == VOID ? objects : Math.max(objects, value);
        }
        List<Frame> frames = new ArrayList<>();
        for (int f = 1; f < truths.size() - 1; f++) {
            Path prediction = predictions.resolve(truths.get(f).getFileName().toString());
            if (!Files.exists(prediction)) {
                throw new UnusableInputException("there is no prediction " + prediction + " for " + truths.get(f));
            }
            frames.add(new Frame(sequence, f, objects, truths.get(f), prediction));
        }
        return frames;
    }

    private static void add(VideoObjects figures, Frame frame) {
        LabelMap truth = LabelMap.ofLabels(frame.truth);
        LabelMap prediction = LabelMap.ofLabels(frame.prediction);
        if (!truth.hasSizeOf(prediction)) {
            throw new UnusableInputException(frame.prediction + " is " + prediction.width() + " wide and "
                    + prediction.height() + " high, its truth " + truth.width() + " and " + truth.height());
        }
        for (int value : prediction.values()) {
            if (value > frame.objects) {
                throw new UnusableInputException(frame.prediction + " has object " + value + ", and sequence "
                        + frame.sequence + " has " + frame.objects + " in its first frame");
            }
        }
        for (int object = 1; object <= frame.objects; object++) {
            boolean[] wanted = mask(truth, object);
            boolean[] found = mask(prediction, object);
            figures.add(
                    frame.sequence,
                    object,
                    frame.number,
                    iou(found, wanted),
                    Boundary.f(found, wanted, truth.height(), truth.width()));
        }
    }

    private static boolean[] mask(LabelMap labels, int object) {
        int[] values = labels.values();
        boolean[] mask = new boolean[values.length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = values[i] == object;
        }
        return mask;
    }

    private static double iou(boolean[] found, boolean[] wanted) {
        long intersection = 0;
        long union = 0;
        for (int i = 0; i < found.length; i++) {
            intersection += found[i] && wanted[i] ? 1 : 0;
            union += found[i] || wanted[i] ? 1 : 0;
        }
        return EmptyUnion.ONE.iou(intersection, union);
    }

    private static DavisReport report(VideoObjects figures, int sequences) {
        SortedMap<String, SortedMap<Integer, DavisReport.JAndF>> perObject = new TreeMap<>();
        figures.perObject().forEach((sequence, ofSequence) -> {
            SortedMap<Integer, DavisReport.JAndF> values = new TreeMap<>();
            ofSequence.forEach((object, value) -> values.put(
                    object,
                    new DavisReport.JAndF(
                            value.j().mean(),
                            value.j().recall(),
                            value.j().decay(),
                            value.f().mean(),
                            value.f().recall(),
                            value.f().decay())));
            perObject.put(sequence, values);
        });
        List<Score> scores = figures.scores(CONDITIONS);
        List<Double> global = scores.stream().map(Score::value).collect(Collectors.toList());
        return new DavisReport(
                FORMAT,
                scores,
                perObject,
                new DavisReport.Global(
                        global.get(1),
                        global.get(2),
                        global.get(3),
                        global.get(4),
                        global.get(5),
                        global.get(6),
                        global.get(0)),
                sequences,
                List.of());
    }
}
