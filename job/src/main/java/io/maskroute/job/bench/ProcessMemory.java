package io.maskroute.job.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Resident memory of this process, from Linux's {@code /proc/self/status}; null elsewhere. */
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    static Long residentBytes() {
        return kilobytes("VmRSS:");
    }

    /** Since the process began. */
    static Long peakResidentBytes() {
        return kilobytes("VmHWM:");
    }

    private static Long kilobytes(String key) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(key)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
        } catch (IOException e) {
            // Not Linux.
        }
        return null;
    }
}
