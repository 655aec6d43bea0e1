package io.maskroute.datasets.writer;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetManifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/** Runs an import: the plan on the driver, everything large in Spark tasks. */
public final class ImportRun {
    private ImportRun() {}

    /** The options that an import has. */
    public static List<ImportOption> options(DatasetImport format) {
        List<ImportOption> options = new ArrayList<>(format.options());
        options.addAll(List.of(ImportOption.OUTPUT, ImportOption.NAME, ImportOption.LIMIT));
        return options;
    }

    /**
     * @param given options by their names; a flag's value is true
     * @param version the maskroute that runs, for the manifest
     * @throws ImportOptions.BadOptionException when an option cannot be as it is
     * @throws UnusableInputException when a file cannot be used, nothing is left to be written, or the output is there already;
     *     nothing half-written remains
     */
    public static ImportSummary run(
            DatasetImport format, Map<String, String> given, String version, SparkSession spark) {
        ImportOptions options = ImportOptions.of(options(format), given);
        DatasetWriter writer = new DatasetWriter(spark, options.output());
        Configuration hadoop = spark.sessionState().newHadoopConf();
        Findings findings = new Findings();
        boolean planned = false;
        try {
            ImportPlan plan =
                    format.plan(new DatasetImport.Request(options, findings, spark, hadoop, writer.workFolder()));
            planned = true;
            DatasetWriter.Written written =
                    writer.write(plan.rows(), findings, found -> manifest(plan, found, version));
            return ImportSummary.of(format.name(), options.output(), plan, written);
        } finally {
            if (!planned) {
                writer.remove();
            }
        }
    }

    private static DatasetManifest manifest(ImportPlan plan, DatasetWriter.Written written, String version) {
        if (written.images() == 0) {
            throw nothingLeft(
                    plan.name() + (plan.split() == null ? "" : ", split '" + plan.split() + "',"), written.findings());
        }
        return new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                plan.name(),
                plan.split(),
                plan.protocol(),
                plan.raster(),
                plan.orientation(),
                plan.classSets(),
                version,
                new DatasetManifest.Counts(
                        written.images(),
                        plan.targets() == null ? null : written.targets(),
                        written.prompts(),
                        written.findings().skipped(),
                        written.findings().notes()),
                plan.sources(),
                plan.answer());
    }

    /** @param of what there should be something of */
    public static UnusableInputException nothingLeft(String of, Findings findings) {
        return new UnusableInputException("Nothing of " + of + " can be imported: "
                + (findings.lines().isEmpty() ? "there is none" : String.join("; ", findings.lines())));
    }
}
