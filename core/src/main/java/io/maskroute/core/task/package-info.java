/**
 * The model's tasks, each one class, and what goes into and comes out of one: conditions, scored masks. What a task makes of
 * logits is computed in {@code tasks.py}, which it calls. Depends on {@code error}, {@code image}, {@code mask} and {@code torchscript}.
 */
package io.maskroute.core.task;
