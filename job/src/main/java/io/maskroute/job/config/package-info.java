/**
 * Typed configuration. {@code reference.conf} beside these classes lists every key with its default; nothing else in the
 * code knows a default. Depends on {@code datasets.metrics} for the
 * names of scoring rules, and on nothing else of maskroute.
 */
package io.maskroute.job.config;
