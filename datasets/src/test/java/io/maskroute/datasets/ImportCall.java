package io.maskroute.datasets;

import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.ImportRun;
import io.maskroute.datasets.writer.ImportSummary;
import java.util.HashMap;
import java.util.Map;

/** An import with its options, as the command line would call it. */
public final class ImportCall {
    private final DatasetImport format;
    private final Map<String, String> options = new HashMap<>();
    private String version = "test";

    public ImportCall(DatasetImport format) {
        this.format = format;
    }

    public ImportCall with(String option, Object value) {
        options.put(option, value.toString());
        return this;
    }

    public ImportCall version(String maskroute) {
        version = maskroute;
        return this;
    }

    public ImportSummary run() {
        return ImportRun.run(format, options, version, TestSpark.session());
    }
}
