/**
 * One self-contained HTML page about a finished run: figures, failures, and a gallery of pictures with prediction and truth
 * drawn over them. It is made from plain records, so it knows nothing of Spark or of the run folder. Depends on
 * {@code core.image}, {@code core.error}, {@code datasets.mask} and {@code datasets.metrics}.
 */
package io.maskroute.job.report;
