package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.testing.CliRun;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a folder of pictures to masks in one command. */
class SegmentImagesTest {
    @TempDir
    private Path home;

    @BeforeEach
    void someFolder() throws Exception {
        Files.createDirectory(home.resolve("model"));
        Path photos = Files.createDirectory(home.resolve("photos"));
        Path picture = picture();
        Files.copy(picture, photos.resolve("a.jpg"));
        Files.copy(picture, photos.resolve("b.jpg"));
    }

    private static Path picture() throws URISyntaxException {
        return Path.of(SegmentImagesTest.class
                .getResource("/data/refcoco_mini/public/images/mscoco/images/train2014/COCO_train2014_000000100004.jpg")
                .toURI());
    }

    @Test
    void onePromptForAFolderOfPicturesAndTheSameCommandGoesOn() {
        CliRun run = segment("--prompt", "the red ball");

        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("2 images, 2 prompts").contains(" 0 failed");
        assertThat(home.resolve("out/summary.json")).exists();

        CliRun again = segment("--prompt", "the red ball");
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.out()).contains("already (2 of them)");

        CliRun other = segment("--prompt", "the blue ball");
        assertThat(other.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(other.err()).contains("--fresh").hasLineCount(1);

        CliRun fresh = segment("--prompt", "the blue ball", "--fresh", "--limit", "1");
        assertThat(fresh.code()).as(fresh.err()).isZero();
        assertThat(fresh.out()).contains("1 images, 1 prompts");
    }

    @Test
    void whatDoesNotGoTogetherIsABadCommandLine() {
        assertBad(
                CliRun.of(home, "segment", "--model", "m", "--output", "o", "--prompt", "x"), "--prompt has a meaning");
        assertBad(segment("--dataset", "d", "--prompt", "x"), "not both");
        assertBad(segment(), "nothing says what to look for");
        assertBad(segment("--task", "panoptic"), "--classes");
        assertThat(home.resolve("out-dataset")).doesNotExist();
    }

    private static void assertBad(CliRun run, String why) {
        assertThat(run.code()).as(run.out()).isEqualTo(Cli.BAD_USAGE);
        assertThat(run.err()).contains(why).hasLineCount(1);
    }

    private CliRun segment(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "segment",
                "--model",
                home.resolve("model").toString(),
                "--images",
                home.resolve("photos").toString(),
                "--output",
                home.resolve("out").toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }
}
