/**
 * Typed configuration. {@code reference.conf} beside these classes lists every key with its default; nothing else in the
 * code knows a default. Depends on {@code datasets.metrics} and {@code datasets.schema} for the
 * names of scoring rules and protocols, and on {@code core} for how a model is opened.
 */
package io.maskroute.job.config;
