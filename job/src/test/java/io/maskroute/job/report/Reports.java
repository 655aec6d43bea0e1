package io.maskroute.job.report;

import io.maskroute.core.image.RgbImage;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.metrics.Score;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reports for tests. */
final class Reports {
    private Reports() {}

    static final RunFigures FIGURES = figures();

    /** As deep as PSALM: mask tokens from layer 8, the last layer dense. */
    static final CalibrationFigures CALIBRATION = calibration();

    private static CalibrationFigures calibration() {
        List<CalibrationFigures.Layer> layers = new ArrayList<>();
        for (int layer = 0; layer < 24; layer++) {
            double untrained = 0.9 / (1 + layer % 5);
            List<CalibrationFigures.Fit> fits = layer == 23
                    ? List.of()
                    : List.of(
                            new CalibrationFigures.Fit(2, untrained, untrained / 3, untrained / 8),
                            new CalibrationFigures.Fit(4, 1.4 * untrained, untrained / 2, untrained / 5));
            layers.add(new CalibrationFigures.Layer(
                    layer, 0.02 + 0.3 / 23 * layer, layer == 23 ? 1 : layer % 3 == 0 ? 2 : 4, layer >= 8, fits));
        }
        return new CalibrationFigures("adapter", layers, Map.of("dataset", "data"));
    }

    private static RunFigures figures() {
        Map<String, Double> stages = new LinkedHashMap<>();
        stages.put("decode", 6.2);
        stages.put("preprocess", 11.9);
        stages.put("vision", 182.4);
        stages.put("prefix", 64.1);
        stages.put("prompt", 96.7);
        stages.put("decoder", 38.5);
        stages.put("postprocess", 4.1);
        return new RunFigures(
                1250,
                8943,
                8931,
                12,
                new RunFigures.Quality(
                        8931,
                        0.7364,
                        0.7512,
                        new TreeMap<>(Map.of(0.5, 0.861, 0.6, 0.823, 0.7, 0.759, 0.8, 0.604, 0.9, 0.283)),
                        null),
                new RunFigures.Latency(398.2, 1204.0, stages),
                new RunFigures.Flops(6.13e11, 1.121e12, 3.4e11, 9.6e10, 7.9e11),
                4.87);
    }

    static final List<Score> SCORES = List.of(
            score("cIoU", 0.61, "referring", "lisa", true),
            score("N_acc", null, "referring", "lisa", true),
            score("cIoU", 0.59, "referring", "sa2va", false),
            score("PQ", 0.402, "panoptic", "panopticapi", true));

    private static Score score(String name, Double value, String task, String formula, boolean comparable) {
        return new Score(name, value, "fraction", "higher", task, formula, "per-expression", null, 12, comparable);
    }

    static ReportData of(List<GalleryItem> items) {
        return of("dataset", List.of(), items);
    }

    static ReportData of(String title, List<ReportData.FailureGroup> failures, List<GalleryItem> items) {
        return new ReportData(
                title,
                List.of("The weights are seeded random numbers."),
                FIGURES,
                SCORES,
                Map.of("Device", "cpu"),
                "a = 1",
                failures,
                CALIBRATION,
                List.of(400L, 120L, 90L, 110L, 240L, 340L, 570L, 1386L, 2867L, 2808L),
                items);
    }

    static String html(ReportData report) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ReportWriter.write(report, bytes);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    static GalleryItem item(String text, RgbImage picture, Rle prediction, Rle truth, Double iou) {
        return new GalleryItem("7", "7-1", "referring", text, () -> picture, prediction, truth, iou, 0.9, 120.0, null);
    }

    static RgbImage flat(int height, int width, int gray) {
        byte[] rgb = new byte[height * width * 3];
        Arrays.fill(rgb, (byte) gray);
        return new RgbImage(height, width, rgb);
    }

    /** A rectangle of rows {@code top} to {@code bottom} and columns {@code left} to {@code right}, both ends excluded. */
    static Rle rectangle(int height, int width, int top, int left, int bottom, int right) {
        byte[] mask = new byte[height * width];
        for (int x = left; x < right; x++) {
            Arrays.fill(mask, x * height + top, x * height + bottom, (byte) 1);
        }
        return Rle.of(new BinaryMask(height, width, mask));
    }
}
