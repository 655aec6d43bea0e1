/**
 * What can be said of a model folder before it is run, for {@code model inspect}. Depends on {@code core} alone.
 */
package io.maskroute.job.model;
