package io.maskroute.core.task;

import java.io.Serializable;

/**
 * A class of a vocabulary.
 *
 * @param id in the dataset's numbering
 * @param thing whether it can be counted; stuff has one mask a picture
 */
public record Category(int id, String name, boolean thing) implements Serializable {}
