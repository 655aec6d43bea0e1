package io.maskroute.job.run;

import io.maskroute.core.error.Reason;
import io.maskroute.job.config.ConfigurationException;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.package$;
import scala.util.Properties;

/**
 * What Spark takes from this machine before it reads a setting, or ends the process for want of. Looked at before Spark is, so that
 * people read what is wrong and not where Spark noticed.
 */
final class MachineChecks {
    private static final String HOSTNAME = "SPARK_LOCAL_HOSTNAME";
    private static final String ADDRESS = "SPARK_LOCAL_IP";
    /** YARN names the folders of its containers itself. */
    private static final String YARN_CONTAINER = "CONTAINER_ID";

    private static final Pattern SPARK = Pattern.compile("4\\..*");
    private static final Pattern SCALA = Pattern.compile("2\\.13\\..*");

    private MachineChecks() {}

    /** @throws ConfigurationException when the Spark that runs this is another than it was built for */
    static void requireSpark() {
        requireSpark(package$.MODULE$.SPARK_VERSION(), Properties.versionNumberString());
    }

    static void requireSpark(String spark, String scala) {
        if (!SPARK.matcher(spark).matches() || !SCALA.matcher(scala).matches()) {
            throw new ConfigurationException("this is Spark " + spark + " with Scala " + scala
                    + ", and maskroute needs Spark 4 with Scala 2.13: point SPARK_HOME to one, or run on this machine alone"
                    + " with submit/local.sh, which brings its own");
        }
    }

    /** Asks the system for this machine's address by its own name. */
    interface OwnName {
        InetAddress lookUp() throws UnknownHostException;
    }

    /** @throws ConfigurationException when Spark would ask for this machine's name, and that does not resolve */
    static void requireName() {
        requireName(System.getenv(), InetAddress::getLocalHost);
    }

    static void requireName(Map<String, String> environment, OwnName name) {
        if (environment.containsKey(HOSTNAME) || environment.containsKey(ADDRESS)) {
            return;
        }
        try {
            name.lookUp();
        } catch (UnknownHostException e) {
            throw new ConfigurationException("the name of this machine, "
                    + String.valueOf(e.getMessage()).replaceFirst(":.*", "")
                    + ", does not resolve, and Spark needs an address for it: add it to /etc/hosts, or set " + ADDRESS
                    + " to an address of this machine (127.0.0.1 for runs on this machine alone)");
        }
    }

    /** @throws ConfigurationException when none of the folders for temporary files can be written */
    static void requireLocalFolders(SparkConf conf) {
        requireLocalFolders(conf, System.getenv());
    }

    static void requireLocalFolders(SparkConf conf, Map<String, String> environment) {
        if (environment.containsKey(YARN_CONTAINER)) {
            return;
        }
        String setting;
        String separator = ",";
        String folders;
        if (environment.containsKey("SPARK_EXECUTOR_DIRS")) {
            setting = "SPARK_EXECUTOR_DIRS";
            separator = File.pathSeparator;
            folders = environment.get(setting);
        } else if (environment.containsKey("SPARK_LOCAL_DIRS")) {
            setting = "SPARK_LOCAL_DIRS";
            folders = environment.get(setting);
        } else {
            setting = conf.contains("spark.local.dir") ? "spark.local.dir" : "java.io.tmpdir";
            folders = conf.get("spark.local.dir", System.getProperty("java.io.tmpdir"));
        }
        List<String> failures = new ArrayList<>();
        for (String folder : folders.split(separator)) {
            try {
                Path made = Files.createDirectories(Path.of(folder.strip()));
                Files.delete(Files.createTempDirectory(made, "maskroute"));
                return;
            } catch (IOException e) {
                failures.add(folder.strip() + " (" + Reason.ofWriting(e) + ")");
            }
        }
        throw new ConfigurationException("Spark cannot keep temporary files in " + String.join(", ", failures)
                + ", which " + setting + " names: name a folder that can be written");
    }
}
