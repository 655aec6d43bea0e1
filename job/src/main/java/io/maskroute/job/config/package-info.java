/**
 * Typed configuration. {@code reference.conf} beside these classes lists every key with its default; nothing else in the
 * code knows a default. Depends on {@code core.error} alone.
 */
package io.maskroute.job.config;
