package io.maskroute.datasets.coco;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An annotation that is put aside while its file is read, or what is wrong with it.
 *
 * @param number in the order of the file: of those with one id the last counts
 * @param area as the file has it; null where it has none
 * @param segmentation null where {@code problem} is not
 */
public record StoredAnnotation(
        long number, long id, int categoryId, boolean isCrowd, Long area, Segmentation segmentation, String problem) {
    private static final int PROBLEM = 0;
    private static final int OUTLINE = 1;
    private static final int RUNS = 2;
    private static final int COMPRESSED = 3;

    public void write(DataOutput out) throws IOException {
        out.writeLong(number);
        out.writeLong(id);
        out.writeInt(categoryId);
        out.writeBoolean(isCrowd);
        out.writeLong(area == null ? -1 : area);
        if (problem != null) {
            out.writeByte(PROBLEM);
            writeText(out, problem);
        } else {
            writeSegmentation(out, segmentation);
        }
    }

    public static StoredAnnotation read(DataInput in) throws IOException {
        long number = in.readLong();
        long id = in.readLong();
        int categoryId = in.readInt();
        boolean isCrowd = in.readBoolean();
        long area = in.readLong();
        int form = in.readByte();
        return new StoredAnnotation(
                number,
                id,
                categoryId,
                isCrowd,
                area < 0 ? null : area,
                form == PROBLEM ? null : readSegmentation(form, in),
                form == PROBLEM ? readText(in) : null);
    }

    public static void writeSegmentation(DataOutput out, Segmentation segmentation) throws IOException {
        if (segmentation instanceof Segmentation.Outline outline) {
            out.writeByte(OUTLINE);
            out.writeInt(outline.parts().size());
            for (double[] part : outline.parts()) {
                out.writeInt(part.length);
                for (double number : part) {
                    out.writeDouble(number);
                }
            }
        } else if (segmentation instanceof Segmentation.Runs runs) {
            out.writeByte(RUNS);
            out.writeInt(runs.height());
            out.writeInt(runs.width());
            out.writeInt(runs.counts().length);
            for (int count : runs.counts()) {
                out.writeInt(count);
            }
        } else if (segmentation instanceof Segmentation.CompressedRuns runs) {
            out.writeByte(COMPRESSED);
            out.writeInt(runs.height());
            out.writeInt(runs.width());
            writeText(out, runs.counts());
        }
    }

    public static Segmentation readSegmentation(DataInput in) throws IOException {
        return readSegmentation(in.readByte(), in);
    }

    private static Segmentation readSegmentation(int form, DataInput in) throws IOException {
        if (form == OUTLINE) {
            int parts = in.readInt();
            List<double[]> outline = new ArrayList<>(parts);
            for (int p = 0; p < parts; p++) {
                double[] part = new double[in.readInt()];
                for (int i = 0; i < part.length; i++) {
                    part[i] = in.readDouble();
                }
                outline.add(part);
            }
            return new Segmentation.Outline(outline);
        }
        int height = in.readInt();
        int width = in.readInt();
        if (form == COMPRESSED) {
            return new Segmentation.CompressedRuns(height, width, readText(in));
        }
        int[] counts = new int[in.readInt()];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = in.readInt();
        }
        return new Segmentation.Runs(height, width, counts);
    }

    /** Without the limit of 64 KiB that {@code writeUTF} has. */
    private static void writeText(DataOutput out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String readText(DataInput in) throws IOException {
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
