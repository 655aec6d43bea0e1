package io.maskroute.job.run;

import io.maskroute.job.config.ConfigurationException;
import io.maskroute.job.config.JobConfig;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** Spark as the configuration wants it. */
public final class SparkSessions {
    private static final String MASTER = "spark.master";
    private static final String HADOOP = "spark.hadoop.";
    private static final String PLUGINS = "spark.plugins";
    private static final Pattern LOCAL = Pattern.compile("local\\[\\s*(\\*|\\d+)\\s*]");

    private SparkSessions() {}

    /**
     * Starts Spark for one piece of work and stops it after that; where a session is there already it is used, and goes on.
     *
     * @throws RuntimeException what the work threw, without what Spark wrapped around it where the user has no use for it
     */
    public static <T> T with(JobConfig config, Function<SparkSession, T> work) {
        boolean started = isNone();
        SparkSession spark = start(conf(config));
        HopelessTasks hopeless = new HopelessTasks(spark.sparkContext());
        spark.sparkContext().addSparkListener(hopeless);
        try {
            return work.apply(spark);
        } catch (Exception e) {
            // Not only RuntimeException: Scala declares nothing, and Spark's own exceptions are checked ones.
            throw hopeless.cause(e).map(RuntimeException.class::cast).orElseGet(() -> SparkFailures.explained(e));
        } finally {
            if (started) {
                spark.stop();
            }
        }
    }

    private static boolean isNone() {
        Option<SparkSession> there = SparkSession.getDefaultSession();
        return there.isEmpty() || there.get().sparkContext().isStopped();
    }

    private static SparkSession start(SparkConf conf) {
        MachineChecks.requireLocalFolders(conf);
        try {
            return SparkSession.builder().config(conf).getOrCreate();
        } catch (Exception e) {
            // Spark throws what it does not declare.
            String reason = String.valueOf(e.getMessage());
            if (e instanceof IllegalArgumentException || reason.contains("Could not parse Master URL")) {
                throw new ConfigurationException("Spark does not start with these settings: " + reason);
            }
            throw e;
        }
    }

    /** Hadoop's settings as Spark will have them, before there is a session. */
    public static Configuration hadoop(JobConfig config) {
        Configuration hadoop = new Configuration();
        for (scala.Tuple2<String, String> setting : conf(config).getAllWithPrefix(HADOOP)) {
            hadoop.set(setting._1(), setting._2());
        }
        return hadoop;
    }

    /** Whether driver and executor will be one JVM. */
    static boolean isLocal(JobConfig config) {
        return isLocal(conf(config));
    }

    private static boolean isLocal(SparkConf conf) {
        return conf.get(MASTER).matches("local(\\[.*)?");
    }

    /** Defaults below what spark-submit was given (system properties), below the command line. */
    static SparkConf conf(JobConfig config) {
        MachineChecks.requireSpark();
        MachineChecks.requireName();
        SparkConf conf = new SparkConf();
        config.spark().forEach(conf::setIfMissing);
        config.sparkOverrides().forEach(conf::set);
        conf.setIfMissing("spark.app.name", "maskroute");
        conf.setIfMissing(MASTER, "local[*]");
        conf.set(MASTER, withAttempts(conf.get(MASTER), conf.get("spark.task.maxFailures")));
        if (isLocal(conf)) {
            // The progress line lives on heartbeats; a single JVM can afford more of them.
            conf.setIfMissing("spark.executor.heartbeatInterval", "2s");
            conf.setIfMissing("spark.ui.enabled", "false");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
        }
        addPlugin(conf);
        return conf;
    }

    /** In local mode the number of attempts of a task stands in the master's name, and is one where it does not. */
    private static String withAttempts(String master, String attempts) {
        if (master.equals("local")) {
            return "local[1, " + attempts + "]";
        }
        Matcher threads = LOCAL.matcher(master);
        return threads.matches() ? "local[" + threads.group(1) + ", " + attempts + "]" : master;
    }

    /** Beside the user's own. */
    private static void addPlugin(SparkConf conf) {
        String ours = MaskroutePlugin.class.getName();
        String named = conf.get(PLUGINS, "").strip();
        if (!List.of(named.split("\\s*,\\s*")).contains(ours)) {
            conf.set(PLUGINS, named.isEmpty() ? ours : named + "," + ours);
        }
    }
}
