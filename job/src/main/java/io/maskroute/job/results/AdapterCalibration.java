package io.maskroute.job.results;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.storage.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a routing adapter was made, read from its folder on any file system. */
public final class AdapterCalibration {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterCalibration.class);
    private static final int LARGEST = 64 << 20;

    private AdapterCalibration() {}

    /**
     * A report shows it and nothing depends on it, so a file that cannot be read or understood is left out with a warning.
     *
     * @param routing an adapter folder; anything else has no calibration
     */
    public static Optional<CalibrationResult> read(String routing, Configuration hadoop) {
        Path file = new Path(HadoopFiles.path(routing), CalibrationResult.FILE);
        try {
            FileSystem files = HadoopFiles.fileSystem(file, hadoop);
            if (!files.exists(file)) {
                return Optional.empty();
            }
            try (InputStream in = files.open(file)) {
                return Optional.of(Json.read(file.toString(), in.readNBytes(LARGEST), CalibrationResult.class));
            }
        } catch (IOException | UnusableInputException e) {
            LOG.warn("The report will not show how the routing adapter was made: {}", e.getMessage());
            return Optional.empty();
        }
    }
}
