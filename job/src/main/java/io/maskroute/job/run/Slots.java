package io.maskroute.job.run;

import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/** How many tasks a cluster works on at a time. */
final class Slots {
    private Slots() {}

    /** Those of executors that are there, or of those that were asked for and may still be on their way. */
    static int of(SparkContext spark) {
        SparkConf conf = spark.getConf();
        int perTask = conf.getInt("spark.task.cpus", 1);
        int asked = conf.getInt("spark.executor.instances", 0) * conf.getInt("spark.executor.cores", 1);
        return Math.max(1, Math.max(spark.defaultParallelism(), asked) / perTask);
    }
}
