/**
 * What a run leaves behind for people and for other programs: the run folder, its figures, the report, and scoring again from
 * stored predictions. Nothing here runs a model. Depends on {@code job.predictions}, {@code job.input}, {@code job.scoring} and
 * {@code job.report}.
 */
package io.maskroute.job.results;
