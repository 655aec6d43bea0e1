/** Formats, masks and metrics of datasets; each in its own package. */
package io.maskroute.datasets;
