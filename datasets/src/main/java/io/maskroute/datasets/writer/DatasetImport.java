package io.maskroute.datasets.writer;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** One format of data that can become a maskroute dataset. {@link ImportRun} runs it. */
public interface DatasetImport {
    /** What it is called on the command line. */
    String name();

    /** One sentence: what it reads. */
    String description();

    /** Beside {@link ImportOption#OUTPUT}, {@link ImportOption#NAME} and {@link ImportOption#LIMIT}, which all have. */
    List<ImportOption> options();

    /** A command line that people can change to theirs, from the format's name on. */
    String example();

    /**
     * Reads what says which pictures and prompts there are, and leaves pictures, masks and whatever else is large to the plan's
     * rows.
     *
     * @throws io.maskroute.core.error.UnusableInputException when a file cannot be used, or is of another kind
     * @throws ImportOptions.BadOptionException when options do not go together
     */
    ImportPlan plan(Request request);

    /**
     * What an import works with.
     *
     * @param findings takes what is left out and what is odd
     * @param work a folder that is gone afterwards, readable by all tasks
     */
    record Request(ImportOptions options, Findings findings, SparkSession spark, Configuration hadoop, Path work) {}
}
