/**
 * Pictures whose samples are no colours but names: class labels, object numbers, segment ids. Depends on
 * {@code core.error} alone.
 */
package io.maskroute.datasets.labels;
