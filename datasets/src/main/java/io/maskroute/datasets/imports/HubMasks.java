package io.maskroute.datasets.imports;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.coco.Segmentation;
import io.maskroute.datasets.labels.LabelMap;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.writer.PromptMaker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** A mask in one of the forms that hubs store: rows of truth values, one or several polygons, run lengths, or a PNG file. */
final class HubMasks {
    private HubMasks() {}

    /** @throws InvalidRleException when it is no mask of a picture of this size */
    static Rle read(Object value, PromptMaker.Size size, GroundTruthRaster rule) {
        if (value instanceof Row row) {
            return ofStruct(row, size, rule);
        }
        if (value instanceof byte[] png) {
            return ofPicture(png, size);
        }
        if (!(value instanceof Seq<?> seq)) {
            throw new InvalidRleException("the mask is neither a list nor a struct");
        }
        List<?> list = CollectionConverters.asJava(seq);
        if (list.isEmpty() || list.get(0) instanceof Number) {
            return outline(list.isEmpty() ? List.of() : List.of(numbers(list)), size, rule);
        }
        if (list.get(0) instanceof Seq<?> first) {
            boolean matrix = list.size() == size.height()
                    && (first.length() == size.width() || first.nonEmpty() && first.head() instanceof Boolean);
            return matrix || first.nonEmpty() && first.head() instanceof Boolean
                    ? ofMatrix(list, size)
                    : outline(
                            list.stream()
                                    .map(part -> numbers(CollectionConverters.asJava((Seq<?>) part)))
                                    .toList(),
                            size,
                            rule);
        }
        if (list.get(0) instanceof Row) {
            List<Rle> parts = new ArrayList<>();
            for (Object part : list) {
                parts.add(read(part, size, rule));
            }
            return Rle.union(parts);
        }
        throw new InvalidRleException("the mask is a list of what is neither numbers nor lists");
    }

    private static Rle outline(List<double[]> parts, PromptMaker.Size size, GroundTruthRaster rule) {
        for (double[] part : parts) {
            if (part.length % 2 != 0) {
                throw new InvalidRleException(
                        "a polygon has " + part.length + " numbers, which are no pairs of x and y");
            }
        }
        return new Segmentation.Outline(parts)
                .rasterize(size.height(), size.width(), rule)
                .mask();
    }

    private static double[] numbers(List<?> list) {
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(list.get(i) instanceof Number number) || !Double.isFinite(number.doubleValue())) {
                throw new InvalidRleException("a polygon holds what is no number");
            }
            numbers[i] = number.doubleValue();
        }
        return numbers;
    }

    /** Row by row. */
    private static Rle ofMatrix(List<?> rows, PromptMaker.Size size) {
        byte[] pixels = new byte[size.height() * size.width()];
        if (rows.size() != size.height()) {
            throw new InvalidRleException("the mask has " + rows.size() + " rows, the picture is " + size);
        }
        for (int y = 0; y < size.height(); y++) {
            if (!(rows.get(y) instanceof Seq<?> row) || row.length() != size.width()) {
                throw new InvalidRleException(
                        "row " + y + " of the mask is not as long as the picture is wide, " + size);
            }
            List<?> values = CollectionConverters.asJava(row.toIndexedSeq());
            for (int x = 0; x < size.width(); x++) {
                Object value = values.get(x);
                boolean inside =
                        value instanceof Boolean truth ? truth : value instanceof Number n && n.doubleValue() != 0;
                pixels[x * size.height() + y] = (byte) (inside ? 1 : 0);
            }
        }
        return Rle.of(new BinaryMask(size.height(), size.width(), pixels));
    }

    private static Rle ofStruct(Row row, PromptMaker.Size size, GroundTruthRaster rule) {
        List<String> names = List.of(row.schema().fieldNames());
        if (names.contains("bytes")) {
            return ofPicture(row.getAs("bytes"), size);
        }
        if (!names.contains("counts") || !names.contains("size") || row.getAs("size") == null) {
            throw new InvalidRleException("the mask is a struct of " + names + ", not of counts and size");
        }
        double[] heightWidth = numbers(row.getList(row.fieldIndex("size")));
        if (heightWidth.length != 2) {
            throw new InvalidRleException("the mask's size is not height and width");
        }
        int height = (int) heightWidth[0];
        int width = (int) heightWidth[1];
        Object counts = row.getAs("counts");
        Segmentation runs = counts instanceof String text
                ? new Segmentation.CompressedRuns(height, width, text)
                : counts instanceof byte[] bytes
                        ? new Segmentation.CompressedRuns(height, width, new String(bytes, StandardCharsets.ISO_8859_1))
                        : new Segmentation.Runs(height, width, whole(row.getList(row.fieldIndex("counts"))));
        return runs.rasterize(size.height(), size.width(), rule).mask();
    }

    private static int[] whole(List<?> counts) {
        if (counts == null) {
            throw new InvalidRleException("the mask has no counts");
        }
        int[] runs = new int[counts.size()];
        double[] numbers = numbers(counts);
        for (int i = 0; i < runs.length; i++) {
            runs[i] = (int) numbers[i];
        }
        return runs;
    }

    private static Rle ofPicture(byte[] png, PromptMaker.Size size) {
        if (png == null) {
            throw new InvalidRleException("the mask holds no bytes");
        }
        try {
            LabelMap map = LabelMap.ofLabels(Path.of("mask"), png);
            if (map.height() != size.height() || map.width() != size.width()) {
                throw new InvalidRleException(
                        "the mask is " + map.width() + "x" + map.height() + ", the picture is " + size);
            }
            byte[] pixels = new byte[map.values().length];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i % map.width() * map.height() + i / map.width()] = (byte) (map.values()[i] == 0 ? 0 : 1);
            }
            return Rle.of(new BinaryMask(map.height(), map.width(), pixels));
        } catch (UnusableInputException e) {
            throw new InvalidRleException(e.getMessage());
        }
    }
}
