package io.maskroute.job.export;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of one run's export.
 *
 * @param run its folder
 * @param output the folder that was made
 * @param masks that have a pixel
 * @param files at the top of the folder
 * @param counts what else there is to know, by what it is: files of pictures, what was left out or changed
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record ExportSummary(
        String format,
        String run,
        String output,
        long pictures,
        long prompts,
        long failed,
        long masks,
        List<String> files,
        Map<String, Long> counts) {
    public ExportSummary {
        counts = new TreeMap<>(counts);
    }

    /** For people. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s: %,d pictures, %,d prompts, %,d masks; %,d prompts failed%s",
                output,
                pictures,
                prompts,
                masks,
                failed,
                failed == 0 ? "" : ": they are in " + ExportRun.FAILED));
        counts.forEach((what, count) -> lines.add(String.format(Locale.ROOT, "  %,d %s", count, what)));
        lines.add("  " + String.join(", ", files));
        return lines;
    }
}
