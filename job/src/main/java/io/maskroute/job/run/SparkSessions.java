package io.maskroute.job.run;

import io.maskroute.job.config.JobConfig;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Spark as the configuration wants it. */
public final class SparkSessions {
    private static final String MASTER = "spark.master";
    private static final String HADOOP = "spark.hadoop.";

    private SparkSessions() {}

    public static SparkSession start(JobConfig config) {
        return SparkSession.builder().config(conf(config)).getOrCreate();
    }

    /** Hadoop's settings as Spark will have them, before there is a session. */
    public static Configuration hadoop(JobConfig config) {
        Configuration hadoop = new Configuration();
        for (scala.Tuple2<String, String> setting : conf(config).getAllWithPrefix(HADOOP)) {
            hadoop.set(setting._1(), setting._2());
        }
        return hadoop;
    }

    /** Defaults below what spark-submit was given (system properties), below the command line. */
    private static SparkConf conf(JobConfig config) {
        SparkConf conf = new SparkConf();
        config.spark().forEach(conf::setIfMissing);
        config.sparkOverrides().forEach(conf::set);
        conf.setIfMissing("spark.app.name", "maskroute");
        conf.setIfMissing(MASTER, "local[*]");
        if (conf.get(MASTER).startsWith("local")) {
            // The progress line lives on heartbeats; a single JVM can afford more of them.
            conf.setIfMissing("spark.executor.heartbeatInterval", "2s");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
        }
        return conf;
    }
}
