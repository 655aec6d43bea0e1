package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.prompt;
import static io.maskroute.job.testing.Datasets.truth;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImageHeader;
import io.maskroute.core.image.Orientation;
import io.maskroute.core.mask.BinaryMask;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.cli.Cli;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.FakeSegmenters;
import io.maskroute.job.testing.TurnedPictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures of all eight orientations, with truth that the fake model meets on the pixels that the dataset says. */
class OrientationRunTest {
    private static final int HEIGHT = 20;
    private static final int WIDTH = 30;

    @TempDir
    private Path home;

    private FakeRun run;

    @BeforeEach
    void model() throws IOException {
        run = FakeRun.in(home);
    }

    @ParameterizedTest
    @CsvSource({
        // What the dataset says, what the run is told, what it does.
        "'', '', STORED",
        "apply, '', APPLY",
        "stored, apply, APPLY",
        "apply, stored, STORED"
    })
    void predictionsFitTheDecodedPictureAndTruthIsTurnedToThem(String manifest, String setting, ExifOrientation decoded)
            throws Exception {
        ExifOrientation truth = manifest.equals("apply") ? ExifOrientation.APPLY : ExifOrientation.STORED;
        write(truth, decoded);
        say(manifest);

        CliRun evaluated = setting.isEmpty() ? run.evaluate() : run.evaluate("-s", "dataset.orientation=" + setting);

        assertThat(evaluated.code()).as(evaluated.err()).isZero();
        assertThat(run.summary().at("/failures")).isEmpty();
        assertThat(run.summary().at("/metrics/gIoU").asDouble()).isEqualTo(1);
        assertThat(run.summary().at("/metrics/samples").asInt()).isEqualTo(8);
        assertThat(run.predictions()).allSatisfy(row -> assertThat(row.<Row>getList(row.fieldIndex("masks"))
                        .get(0)
                        .<Row>getAs("mask")
                        .getList(0))
                .isEqualTo(List.of(row.getAs("image_height"), row.getAs("image_width"))));
        Map<String, List<Integer>> sizes =
                FakeRun.byPrompt(run.predictions(), row -> row.<Row>getList(row.fieldIndex("masks"))
                        .get(0)
                        .<Row>getAs("mask")
                        .getList(0));
        for (int value = 1; value <= 8; value++) {
            boolean swapped = decoded == ExifOrientation.APPLY && value > 4;
            assertThat(sizes.get("p" + value))
                    .as("orientation %d", value)
                    .isEqualTo(swapped ? List.of(WIDTH, HEIGHT) : List.of(HEIGHT, WIDTH));
        }
        JsonNode record = record();
        assertThat(record.at("/dataset/orientation").asText()).isEqualTo(decoded.label());
        assertThat(record.at("/fingerprint/the pictures' orientation").asText()).isEqualTo(decoded.label());
        assertThat(record.at("/config/dataset.orientation").asText("")).isEqualTo(setting);
        assertThat(Files.readString(run.out().resolve("report.html"))).contains("orientation", decoded.label());
        if (decoded != truth) {
            requireNotScoredAgain(decoded, truth);
        }
    }

    private void requireNotScoredAgain(ExifOrientation decoded, ExifOrientation truth) {
        CliRun again = run.rescored(home.resolve("again.json"));
        assertThat(again.code()).isEqualTo(Cli.UNUSABLE_INPUT);
        assertThat(again.err())
                .contains("are of pictures decoded with orientation " + decoded + ", the truth of the dataset is for "
                        + truth)
                .hasLineCount(1);
    }

    /** A run of before it was recorded kept pictures as stored. */
    @Test
    void aRunIsNotContinuedUnderAnotherOrientation() throws Exception {
        write(ExifOrientation.STORED, ExifOrientation.STORED);
        assertThat(run.evaluate().code()).isZero();
        Path file = run.out().resolve("run.json");
        String record = Files.readString(file);
        String old = record.replaceAll("\\s*\"the pictures' orientation\" : \"stored\",", "")
                .replaceAll(",\\s*\"orientation\" : \"stored\"", "");
        assertThat(old).doesNotContain("orientation\" : \"stored");

        for (String found : List.of(record, old)) {
            Files.writeString(file, found);
            CliRun other = run.evaluate("-s", "dataset.orientation=apply");
            assertThat(other.code()).isEqualTo(Cli.UNUSABLE_INPUT);
            assertThat(other.err())
                    .contains("holds another run (the pictures' orientation was stored and is apply)")
                    .hasLineCount(1);
        }
        assertThat(run.evaluate("-s", "dataset.orientation=stored").code()).isZero();
    }

    /** Truth on the pixels that the dataset is for, met by what the fake model answers to those that are decoded. */
    private void write(ExifOrientation truth, ExifOrientation decoded) throws Exception {
        List<ImageRow> images = new ArrayList<>();
        for (int value = 1; value <= 8; value++) {
            byte[] picture = TurnedPictures.png(HEIGHT, WIDTH, value);
            Orientation upright = ImageHeader.of(picture).orientation();
            assertThat(upright.value()).isEqualTo(value);
            boolean swapped = decoded == ExifOrientation.APPLY && upright.swapsSides();
            String sentence = "the thing " + value;
            BinaryMask answer =
                    FakeSegmenters.mask(List.of(sentence), swapped ? WIDTH : HEIGHT, swapped ? HEIGHT : WIDTH);
            Orientation toTruth = decoded == truth
                    ? Orientation.TOP_LEFT
                    : truth == ExifOrientation.APPLY ? upright : upright.inverse();
            images.add(image("i" + value, picture, prompt("p" + value, truth(Rle.of(toTruth.turn(answer))), sentence)));
        }
        run.write(2, images.toArray(ImageRow[]::new));
    }

    private void say(String orientation) throws IOException {
        Path manifest = Path.of(run.dataset(), "_maskroute.json");
        String text = Files.readString(manifest).replaceAll("\\s*\"orientation\" : \"stored\",", "");
        assertThat(text).doesNotContain("\"orientation\"");
        Files.writeString(
                manifest,
                orientation.isEmpty() ? text : text.replaceFirst("\\{", "{\"orientation\":\"" + orientation + "\","));
    }

    private JsonNode record() throws IOException {
        return new ObjectMapper().readTree(run.out().resolve("run.json").toFile());
    }
}
