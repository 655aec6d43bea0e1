package io.maskroute.core.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OneDnnKernelsTest {
    @TempDir
    private Path folder;

    private Path cpuInfo(String flags) throws IOException {
        return Files.writeString(
                folder.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: fpu avx2" + flags + "\n\nprocessor\t: 1\n");
    }

    @Test
    void onlyHiddenCachesOfAnAvx512ProcessorLimitThem() throws IOException {
        Path caches = folder.resolve("cache");
        assertThat(OneDnnKernels.mustBeLimited(cpuInfo(" avx512f avx512dq"), caches))
                .isTrue();
        assertThat(OneDnnKernels.mustBeLimited(cpuInfo(""), caches)).isFalse();
        assertThat(OneDnnKernels.mustBeLimited(folder.resolve("absent"), caches))
                .isFalse();
        Files.createDirectories(caches.resolve("index0"));
        assertThat(OneDnnKernels.mustBeLimited(cpuInfo(" avx512f avx512dq"), caches))
                .isFalse();
    }
}
