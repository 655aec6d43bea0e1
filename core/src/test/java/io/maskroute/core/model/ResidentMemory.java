package io.maskroute.core.model;

import java.nio.file.Files;
import java.nio.file.Path;

/** Of this process, after a collection, so that the Java heap counts as what it keeps. */
final class ResidentMemory {
    private ResidentMemory() {}

    static long kilobytes() throws Exception {
        System.gc();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalStateException("no VmRSS in /proc/self/status");
    }
}
