package io.maskroute.core.files;

import ai.djl.util.Utils;
import io.maskroute.core.error.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The folder into which DJL unpacks native libraries from its jars. All processes share it. */
public final class NativeCache {
    private static final String OF_LIBRARIES = "ENGINE_CACHE_DIR";
    private static final String OF_ALL = "DJL_CACHE_DIR";

    private NativeCache() {}

    /** @param libraries DJL's name for them: {@code pytorch} or {@code tokenizers} */
    public static Path folder(String libraries) {
        return Utils.getEngineCacheDir(libraries);
    }

    /**
     * Tries what DJL does, for where it does not say why that failed.
     *
     * @param bytes to write, on trial
     * @return why they cannot be written; empty when they can
     */
    public static Optional<IOException> failure(String libraries, int bytes) {
        Path folder = folder(libraries);
        try {
            Files.createDirectories(folder);
            Path trial = Files.createTempFile(folder, "trial", null);
            try (OutputStream out = Files.newOutputStream(trial)) {
                out.write(new byte[bytes]);
            } finally {
                Files.delete(trial);
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e);
        }
    }

    /**
     * @param why libraries could not be unpacked
     * @return the end of a message: the folder, why, and what to do
     */
    public static String cannotBeWritten(String libraries, IOException why) {
        return folder(libraries) + " cannot be written (" + Reason.ofWriting(why) + "); set " + variable()
                + " to a folder that can";
    }

    /** The end of a message for when libraries cannot be loaded for another reason: where they are, and how to change that. */
    public static String unpackedTo(String libraries) {
        return "unpacked libraries are in " + folder(libraries) + ", " + variable() + " names another folder";
    }

    /** The variable, of the environment or of Java's system properties, that names the folder or would. */
    private static String variable() {
        String own = Utils.getEnvOrSystemProperty(OF_LIBRARIES, "");
        return own.isEmpty() ? OF_ALL : OF_LIBRARIES;
    }
}
