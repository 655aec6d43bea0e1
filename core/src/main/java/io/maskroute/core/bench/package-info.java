/**
 * One model whose parts can be run and timed, dense and routed over the same weights: what the command {@code bench} measures
 * with. Times are wall-clock milliseconds of one call; repeating, alternating and statistics are the caller's. May depend on
 * every other package of this module.
 */
package io.maskroute.core.bench;
