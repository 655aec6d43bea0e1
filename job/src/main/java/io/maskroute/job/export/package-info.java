/**
 * The command {@code export}: predictions of a finished run in the files that other tools read, a small class per format. Tasks write
 * parts, the driver strings them together, and no process holds more than one picture's prompts. May depend on {@code core.error},
 * {@code core.image}, {@code core.mask}, {@code datasets.mask}, {@code datasets.schema}, {@code input}, {@code results}, {@code
 * predictions}, {@code storage}, Spark, Hadoop's file systems and Jackson; nothing here runs a model.
 */
package io.maskroute.job.export;
