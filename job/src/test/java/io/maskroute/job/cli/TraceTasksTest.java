package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code trace} takes and gives for each task. */
class TraceTasksTest {
    @TempDir
    private Path home;

    private CliRun trace(String... more) throws IOException {
        Path image = Files.write(home.resolve("image.png"), Datasets.png(20, 30));
        List<String> arguments = new ArrayList<>(List.of(
                "trace",
                "--model",
                "../models/tiny",
                "--image",
                image.toString(),
                "--out",
                home.resolve("out.safetensors").toString()));
        arguments.addAll(List.of(more));
        return CliRun.of(home, arguments.toArray(String[]::new));
    }

    private Path classes(String text) throws IOException {
        return Files.writeString(home.resolve("classes"), text);
    }

    @ParameterizedTest
    @CsvSource({"panoptic, result.panoptic_seg", "instance, result.pred_classes", "semantic, result.sem_seg"})
    void classesAreNamedInAFile(String task, String result) throws Exception {
        Path names = classes("red circle\n\nsky\n");
        CliRun run = trace("--task", task, "--classes", names.toString());
        assertThat(run.code()).as(run.err()).isZero();
        try (Safetensors traced = Safetensors.open(home.resolve("out.safetensors"))) {
            assertThat(traced.names()).contains(result, "class.pooled", "llm.class_name_embedding_indices");
            // The background is the last.
            assertThat(traced.info("class.pooled").shape()[1]).isEqualTo(3);
        }
    }

    @Test
    void regionsAreDrawnByOptions() throws Exception {
        CliRun run = trace("--task", "region", "--region", "point:12,8", "--region", "box:1,2,10,5");
        assertThat(run.code()).as(run.err()).isZero();
        try (Safetensors traced = Safetensors.open(home.resolve("out.safetensors"))) {
            assertThat(traced.names()).contains("region.sampled_feature", "region.llm_out");
            assertThat(traced.info("result.scores").shape()[1]).isEqualTo(2);
        }
    }

    @Test
    void whatTheTaskHasNoUseForOrLacksIsSaid() throws Exception {
        refused(1, "--task panoptic needs --classes", "--task", "panoptic");
        refused(1, "--task referring needs --text");
        refused(1, "--task lidar is none; known are referring, panoptic", "--task", "lidar");
        refused(
                1,
                "--text has no meaning for --task region",
                "--task",
                "region",
                "--region",
                "point:1,1",
                "--text",
                "x");
        refused(2, "--region point is none", "--task", "region", "--region", "point");
        refused(2, "is outside the picture of 30 x 20", "--task", "region", "--region", "point:300,1");
        refused(
                2,
                "names no classes",
                "--task",
                "semantic",
                "--classes",
                classes("\n").toString());
        refused(
                2,
                "is no list of",
                "--task",
                "semantic",
                "--classes",
                classes("[{\"id\": 1}]").toString());
        refused(2, "cannot be read", "--task", "semantic", "--classes", home + "/none");
    }

    private void refused(int code, String message, String... options) throws IOException {
        CliRun run = trace(options);
        assertThat(run.err()).contains(message);
        assertThat(run.code()).as(message).isEqualTo(code);
    }
}
