package io.maskroute.datasets.refcoco;

import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an import did.
 *
 * @param name of the dataset, such as {@code refcoco-unc}
 * @param images rows written
 * @param refs referred objects written
 * @param prompts prompts written
 * @param files Parquet files written
 * @param skipped entries of the official files that were left out, by reason; refs, but for single sentences of a ref that
 *     was kept
 * @param notes entries that were kept though something is odd about them, by what it is
 * @param linked the folder of the pictures where the rows name them; null where they hold them
 * @param details for people: each reason with its count and a few examples
 */
public record ImportSummary(
        String output,
        String name,
        String split,
        Protocol protocol,
        GroundTruthRaster groundTruthRaster,
        long images,
        long refs,
        long prompts,
        int files,
        Map<String, Long> skipped,
        Map<String, Long> notes,
        String linked,
        List<String> details) {

    /** The whole summary as lines to print. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(name + " " + split + ", protocol " + protocol + ", ground-truth raster " + groundTruthRaster + ": "
                + images + " images, " + refs + " refs, " + prompts + " prompts");
        lines.addAll(details);
        lines.add("written to " + output + " (" + files + " Parquet " + (files == 1 ? "file" : "files") + ")");
        return lines;
    }
}
