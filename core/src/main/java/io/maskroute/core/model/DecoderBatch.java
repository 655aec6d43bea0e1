package io.maskroute.core.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Prompts that run through the mask decoder together. It takes equally many of every picture, so where a picture has fewer
 * its last one stands in for those that are missing.
 *
 * @param firstRow of the prompts; they stand picture by picture
 * @param firstPicture of the pictures, of which none between is left out
 * @param prompts per picture how many it has, at least one
 */
record DecoderBatch(int firstRow, int firstPicture, List<Integer> prompts) {

    /**
     * @param pictures per prompt its picture, ascending
     * @param most prompts in a batch, with those that stand in; of one picture there may be more
     */
    static List<DecoderBatch> of(int[] pictures, int most) {
        List<DecoderBatch> batches = new ArrayList<>();
        for (int from = 0; from < pictures.length; ) {
            int to = endOfPicture(pictures, from);
            DecoderBatch last = batches.isEmpty() ? null : batches.get(batches.size() - 1);
            if (last == null
                    || pictures[from] != last.endPicture()
                    || (last.prompts.size() + 1) * Math.max(last.widest(), to - from) > most) {
                last = new DecoderBatch(from, pictures[from], new ArrayList<>());
                batches.add(last);
            }
            last.prompts.add(to - from);
            from = to;
        }
        return batches;
    }

    private static int endOfPicture(int[] pictures, int from) {
        int to = from;
        while (to < pictures.length && pictures[to] == pictures[from]) {
            to++;
        }
        return to;
    }

    int endPicture() {
        return firstPicture + prompts.size();
    }

    /** Prompts that the decoder runs of each picture. */
    int widest() {
        return Collections.max(prompts);
    }

    /** Prompts without those that stand in. */
    int size() {
        return prompts.stream().mapToInt(Integer::intValue).sum();
    }

    /** The prompts that run, one picture's {@link #widest} behind the other's. */
    long[] rows() {
        int widest = widest();
        long[] rows = new long[prompts.size() * widest];
        int first = firstRow;
        for (int p = 0; p < prompts.size(); p++) {
            for (int i = 0; i < widest; i++) {
                rows[p * widest + i] = first + Math.min(i, prompts.get(p) - 1);
            }
            first += prompts.get(p);
        }
        return rows;
    }
}
