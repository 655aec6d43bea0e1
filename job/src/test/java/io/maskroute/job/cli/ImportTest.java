package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.datasets.imports.DatasetImports;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.job.testing.CliRun;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From official files to a run, by the command line alone. */
class ImportTest {
    @TempDir
    private Path home;

    @Test
    void anImportedDatasetCanBeEvaluated() throws Exception {
        Files.createDirectory(home.resolve("model"));
        CliRun run = importRefcoco("--split", "val", "--protocol", "joined");

        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("protocol joined").contains("ground-truth raster coco");
        CliRun evaluated = evaluate("out");
        assertThat(evaluated.code()).isZero();
        assertThat(evaluated.out()).contains(" 0 failed").contains("cIoU");
    }

    @Test
    void linkedPicturesAreReadWhereTheImportSaysTheyAre() throws Exception {
        Files.createDirectory(home.resolve("model"));
        CliRun run = importRefcoco("--split", "val", "--link-images");
        assertThat(run.code()).as(run.err()).isZero();
        String setting = run.out()
                .lines()
                .filter(line -> line.contains("dataset.image-roots"))
                .map(line -> line.replaceFirst(".*-s '(.*?)'.*", "$1"))
                .findFirst()
                .orElseThrow();

        CliRun refused = evaluate("refused");
        assertThat(refused.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(refused.err()).contains("read/image-not-allowed").contains("-s '" + setting + "'");

        CliRun evaluated = evaluate("allowed", "-s", setting);
        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        assertThat(evaluated.out()).contains(" 0 failed");
    }

    @Test
    void helpListsTheFormatsOneALine() {
        CliRun help = CliRun.of(home, "import", "--help");

        assertThat(help.code()).isZero();
        for (DatasetImport format : DatasetImports.all()) {
            assertThat(help.out().lines()).anySatisfy(line -> assertThat(line.strip())
                    .startsWith(format.name() + " ")
                    .endsWith(format.description()));
            assertThat(CliRun.of(home, "import", format.name(), "--help").out()).contains("import " + format.example());
        }
    }

    private CliRun evaluate(String output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve(output).toString()));
        arguments.addAll(List.of(more));
        return CliRun.withSpark(home, arguments.toArray(String[]::new));
    }

    @Test
    void anUnknownSplitIsUnusableInput() throws Exception {
        CliRun run = importRefcoco("--split", "vall");

        assertThat(run.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(run.err()).contains("vall").hasLineCount(1);
        assertThat(home.resolve("dataset")).doesNotExist();
    }

    @Test
    void anUnknownProtocolIsABadCommandLine() throws Exception {
        CliRun run = importRefcoco("--split", "val", "--protocol", "both");

        assertThat(run.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(run.err())
                .contains("per-expression or joined")
                .contains("both")
                .hasLineCount(1);
    }

    @Test
    void theOrientationIsRecorded() throws Exception {
        assertThat(importRefcoco("--split", "val", "--orientation", "apply").code())
                .isZero();
        assertThat(Files.readString(home.resolve("dataset/_maskroute.json"))).contains("\"orientation\" : \"apply\"");

        CliRun unknown = importRefcoco("--split", "val", "--orientation", "upright");
        assertThat(unknown.code()).isEqualTo(Cli.BAD_USAGE);
        assertThat(unknown.err())
                .contains("--orientation")
                .contains("stored or apply")
                .hasLineCount(1);
    }

    private CliRun importRefcoco(String... more) throws URISyntaxException {
        Path mini = Path.of(
                ImportTest.class.getResource("/data/refcoco_mini/public").toURI());
        String[] arguments = new String[more.length + 8];
        arguments[0] = "import";
        arguments[1] = "refcoco";
        arguments[2] = "--refs";
        arguments[3] = mini.resolve("refcoco/refs(unc).p").toString();
        arguments[4] = "--images";
        arguments[5] = mini.resolve("images").toString();
        arguments[6] = "--output";
        arguments[7] = home.resolve("dataset").toString();
        System.arraycopy(more, 0, arguments, 8, more.length);
        return CliRun.withSpark(home, arguments);
    }
}
