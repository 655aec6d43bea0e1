package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.job.results.RunFolder;
import io.maskroute.job.results.RunSummary;
import io.maskroute.job.run.PsalmSegmenterFactory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first command that people give, with the bundled model. */
class DemoCommandTest {
    private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
    private static final int PROMPTS = 48;

    @TempDir
    private Path folder;

    @Test
    void showsTheSamePicturesDenseAndRouted() throws Exception {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String output = folder.resolve("demo").toString();

        int code = new Cli(HOME, new PsalmSegmenterFactory(), new PrintWriter(out, true), new PrintWriter(err, true))
                .run("demo", "--output", output, "-s", "model.device=cpu");

        assertThat(code).as(err.toString()).isEqualTo(Cli.DONE);
        assertThat(out.toString())
                .contains("very same masks", "prompts gained, lost", "LLM FLOPs, prompt alone", "mask decoder")
                .contains(output + "/comparison.html");
        assertThat(out.toString().lines().count() + err.toString().lines().count())
                .as("lines on the terminal")
                .isLessThanOrEqualTo(40);
        RunSummary dense = RunSummary.read(new RunFolder(output + "/dense", new Configuration()));
        RunSummary routed = RunSummary.read(new RunFolder(output + "/routed", new Configuration()));
        assertThat(dense.ok()).isEqualTo(PROMPTS);
        assertThat(routed.ok()).isEqualTo(PROMPTS);
        assertThat(routed.flops().llmAloneRatio()).isLessThan(dense.flops().llmAloneRatio());
        String page = Files.readString(folder.resolve("demo/comparison.html"));
        assertThat(page).contains("All 48 prompts.", "Prompts gained and lost", ">dense<", ">routed<", ">truth<");
        assertThat(page.split("<use ", -1)).as("dense, routed and truth").hasSize(3 * PROMPTS + 1);
        assertThat(page.split("data:image/jpeg", -1)).as("each picture once").hasSize(6 + 1);
    }
}
