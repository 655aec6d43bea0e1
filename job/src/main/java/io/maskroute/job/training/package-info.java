/** Training and fine-tuning on a dataset, in one process. Depends on {@code config}, {@code input}, {@code results}, {@code scoring} and the core. */
package io.maskroute.job.training;
