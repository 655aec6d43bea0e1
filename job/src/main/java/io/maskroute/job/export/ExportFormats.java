package io.maskroute.job.export;

import java.util.List;

/** All formats, in the order of the help. */
public final class ExportFormats {
    private ExportFormats() {}

    public static List<ExportFormat> all() {
        return List.of(
                new CocoExport(), new PanopticExport(), new PngExport(), new OverlaysExport(), new JsonlExport());
    }
}
