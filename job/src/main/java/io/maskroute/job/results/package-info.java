/**
 * What a run leaves behind for people and for other programs: the run folder, its figures, the report, and scoring again from
 * stored predictions. Nothing here runs a model. Depends on {@code job.predictions}, {@code job.input}, {@code job.scoring},
 * {@code job.report}, {@code job.commit} and {@code job.storage}.
 */
package io.maskroute.job.results;
