package io.maskroute.job.fetch;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.routing.RoutingAdapter;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.config.ModelOptions;
import java.io.Serializable;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;

/**
 * Where a model's files are on this machine. A path without a scheme and a {@code file:} URI name this machine's own; anything
 * else ({@code s3a://}, {@code hdfs://}) is fetched once per machine.
 *
 * @param cache folder for what is fetched, or null for {@code maskroute-USER} in {@code java.io.tmpdir}
 */
public record ModelFiles(String cache) implements Serializable {
    /** Whether anything of the model has to be fetched. */
    public static boolean isRemote(ModelOptions model) {
        return isRemote(model.path()) || (!isDense(model) && isRemote(model.routing()));
    }

    private static boolean isRemote(String path) {
        String scheme = HadoopFiles.path(path).toUri().getScheme();
        return scheme != null && !scheme.equals("file");
    }

    private static boolean isDense(ModelOptions model) {
        return model.routing().equals(ModelOptions.DENSE);
    }

    /**
     * The model with paths of this machine, for a task of Spark or its driver.
     *
     * @throws UnusableInputException when there is no such model or it cannot be fetched
     */
    public ModelOptions local(ModelOptions model) {
        return local(
                model,
                isRemote(model)
                        ? SparkHadoopUtil.get().newConfiguration(SparkEnv.get().conf())
                        : null);
    }

    /**
     * The same with these settings of Hadoop's.
     *
     * @param hadoop not used when nothing has to be fetched
     */
    public ModelOptions local(ModelOptions model, Configuration hadoop) {
        return model.at(
                local(model.path(), ModelFolder::filesToRead, "model", hadoop),
                isDense(model) ? model.routing() : local(model.routing(), ModelFiles::ofAdapter, "routing", hadoop));
    }

    private String local(String path, UnaryOperator<List<String>> wanted, String what, Configuration hadoop) {
        if (!isRemote(path)) {
            return file(path);
        }
        return new NodeCache(folder(), hadoop)
                .fetch(HadoopFiles.path(path), wanted, what)
                .toString();
    }

    private static List<String> ofAdapter(List<String> names) {
        return names.stream()
                .filter(name -> name.equals(RoutingAdapter.SCHEDULE_FILE) || name.equals(RoutingAdapter.TENSORS_FILE))
                .toList();
    }

    private static String file(String path) {
        return path.startsWith("file:") ? HadoopFiles.path(path).toUri().getPath() : path;
    }

    private Path folder() {
        try {
            return cache == null
                    ? Path.of(System.getProperty("java.io.tmpdir"), "maskroute-" + System.getProperty("user.name"))
                    : Path.of(cache);
        } catch (InvalidPathException e) {
            throw new UnusableInputException("model.cache = '" + cache + "' is not a path: " + e.getReason(), e);
        }
    }
}
