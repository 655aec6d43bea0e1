/**
 * The model as a stage of Spark ML's pipelines. Parameters and columns are checked here; the work is that of {@code job.run}, with
 * the settings of {@code job.config}.
 */
package io.maskroute.job.ml;
