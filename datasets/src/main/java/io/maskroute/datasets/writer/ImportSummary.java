package io.maskroute.datasets.writer;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What an import did.
 *
 * @param format such as {@code refcoco}
 * @param name of the dataset, such as {@code refcoco-unc}
 * @param split or null
 * @param protocol of referring prompts, or null
 * @param groundTruthRaster of masks made from polygons, or null
 * @param images rows written
 * @param targets entries of the official files that were written, such as refs; null where only prompts count
 * @param targetsAre what they are called, or null
 * @param prompts prompts written
 * @param files Parquet files written
 * @param published what the split's size should be, or null
 * @param skipped entries of the official files that were left out, by reason
 * @param notes entries that were kept though something is odd about them, by what it is
 * @param linked the folder of the pictures where the rows name them; null where they hold them
 * @param details for people: each reason with its count and a few examples
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ImportSummary(
        String format,
        String output,
        String name,
        String split,
        Protocol protocol,
        GroundTruthRaster groundTruthRaster,
        ExifOrientation orientation,
        long images,
        Long targets,
        String targetsAre,
        long prompts,
        int files,
        ImportPlan.Published published,
        Map<String, Long> skipped,
        Map<String, Long> notes,
        String linked,
        List<String> details) {

    static ImportSummary of(String format, String output, ImportPlan plan, DatasetWriter.Written written) {
        return new ImportSummary(
                format,
                output,
                plan.name(),
                plan.split(),
                plan.protocol(),
                plan.raster(),
                plan.orientation(),
                written.images(),
                plan.targets() == null ? null : written.targets(),
                plan.targets(),
                written.prompts(),
                written.files(),
                plan.published(),
                written.findings().skipped(),
                written.findings().notes(),
                plan.linked(),
                written.findings().lines());
    }

    /** The whole summary as lines to print. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(name + (split == null ? "" : " " + split)
                + (protocol == null ? "" : ", protocol " + protocol)
                + (groundTruthRaster == null ? "" : ", ground-truth raster " + groundTruthRaster)
                + ": " + images + " images, "
                + (targets == null ? "" : targets + " " + targetsAre + ", ") + prompts + " prompts");
        if (published != null) {
            lines.add(comparison());
        }
        lines.addAll(details);
        lines.add("written to " + output + " (" + files + " Parquet " + (files == 1 ? "file" : "files") + ")");
        return lines;
    }

    private String comparison() {
        boolean same = published.images() == images
                && (published.targets() == null || published.targets().equals(targets))
                && (published.prompts() == null
                        || protocol != Protocol.PER_EXPRESSION
                        || published.prompts() == prompts);
        return "published of " + published.of() + ": " + number(published.images()) + " images"
                + (published.targets() == null ? "" : ", " + number(published.targets()) + " " + targetsAre)
                + (published.prompts() == null ? "" : ", " + number(published.prompts()) + " sentences")
                + (same ? ": the same" : ": this is not the same, so figures are not comparable");
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
