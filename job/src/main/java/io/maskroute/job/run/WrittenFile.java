package io.maskroute.job.run;

import java.io.Serializable;

/**
 * What a task has done: the file it wrote.
 *
 * @param name of the file in the hidden folder of predictions; null when there was not one prompt
 * @param rows in it, one per prompt
 * @param failed how many of them are failures
 * @param bytes of the file
 */
record WrittenFile(String name, long rows, long failed, long bytes) implements Serializable {}
