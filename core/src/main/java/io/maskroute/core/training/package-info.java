/**
 * Training: a step of gradient descent through the same stages that inference runs, and what has to be kept to go on later. Reads
 * no datasets and decides no schedules.
 *
 * <p>May depend on every other package of this module except {@code trace} and {@code bench}.
 */
package io.maskroute.core.training;
