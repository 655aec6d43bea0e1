/**
 * The Spark job: dataset rows in, predictions out. Tasks decode, resize and tokenise; one thread per executor JVM owns the
 * model; what a row's failure means is decided here. Depends on {@code core} through {@code Segmenter} and
 * {@code ImageDecoder} alone, on {@code datasets}, and on {@code job.config} and {@code job.predictions}.
 */
package io.maskroute.job.run;
