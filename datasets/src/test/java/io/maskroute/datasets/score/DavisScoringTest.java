package io.maskroute.datasets.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.TestData;
import io.maskroute.datasets.TestJson;
import io.maskroute.datasets.labels.LabelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code data/davis_mini}: what davis2017-evaluation says. */
class DavisScoringTest {
    private static final Offset<Double> EXACT = within(1e-12);
    private static final Path PUBLIC = TestData.path("davis_mini/public");
    private static final JsonNode EXPECTED = TestJson.read("data/davis_mini/public/expected.json");

    @TempDir
    private Path temp;

    private Path annotations;
    private Path results;

    @BeforeEach
    void sequence() throws IOException {
        annotations = Files.createDirectories(temp.resolve("Annotations/480p/run"));
        results = Files.createDirectories(temp.resolve("results/run"));
        Files.createDirectories(temp.resolve("ImageSets/2017"));
        Files.writeString(temp.resolve("ImageSets/2017/val.txt"), "run\n\n");
        for (int frame = 0; frame < 4; frame++) {
            write(annotations, frame, 0, 1, 3, 255);
            write(results, frame, 0, 1, 3, 0);
        }
    }

    private static void write(Path folder, int frame, int... values) throws IOException {
        LabelFiles.palette(folder.resolve("0000" + frame + ".png"), 8, 2, values);
    }

    @Test
    void objectsAndTheirMeanScoreAsInTheProgram() {
        DavisReport report = DavisScoring.score(PUBLIC.resolve("DAVIS"), PUBLIC.resolve("results"), "val");
        EXPECTED.get("per_object").fields().forEachRemaining(sequence -> {
            assertThat(report.perObject().get(sequence.getKey()))
                    .hasSize(sequence.getValue().size());
            sequence.getValue().fields().forEachRemaining(object -> {
                DavisReport.JAndF found =
                        report.perObject().get(sequence.getKey()).get(Integer.parseInt(object.getKey()));
                JsonNode wanted = object.getValue();
                assertThat(found.jMean()).isCloseTo(wanted.get("J_mean").doubleValue(), EXACT);
                assertThat(found.jRecall()).isCloseTo(wanted.get("J_recall").doubleValue(), EXACT);
                assertThat(found.jDecay()).isCloseTo(wanted.get("J_decay").doubleValue(), EXACT);
                assertThat(found.fMean()).isCloseTo(wanted.get("F_mean").doubleValue(), EXACT);
                assertThat(found.fRecall()).isCloseTo(wanted.get("F_recall").doubleValue(), EXACT);
                assertThat(found.fDecay()).isCloseTo(wanted.get("F_decay").doubleValue(), EXACT);
            });
        });
        JsonNode global = EXPECTED.get("global");
        assertThat(report.global().jMean()).isCloseTo(global.get("JM").doubleValue(), EXACT);
        assertThat(report.global().jRecall()).isCloseTo(global.get("JR").doubleValue(), EXACT);
        assertThat(report.global().jDecay()).isCloseTo(global.get("JD").doubleValue(), EXACT);
        assertThat(report.global().fMean()).isCloseTo(global.get("FM").doubleValue(), EXACT);
        assertThat(report.global().fRecall()).isCloseTo(global.get("FR").doubleValue(), EXACT);
        assertThat(report.global().fDecay()).isCloseTo(global.get("FD").doubleValue(), EXACT);
        assertThat(report.global().both()).isCloseTo(global.get("JF").doubleValue(), EXACT);
        assertThat(report.scores())
                .filteredOn(score -> score.better().equals("lower"))
                .extracting(score -> score.name())
                .containsExactly("J_decay", "F_decay");
    }

    /** Object 2 is nowhere, in the truth and in the results; void is background. */
    @Test
    void anObjectThatIsNowhereIsRight() {
        DavisReport report = score();
        assertThat(report.perObject().get("run")).containsOnlyKeys(1, 2, 3);
        assertThat(report.global().both()).isEqualTo(1);
    }

    @Test
    void theFirstAndTheLastFrameAreNotAskedFor() throws IOException {
        Files.delete(results.resolve("00000.png"));
        Files.delete(results.resolve("00003.png"));
        assertThat(score().global().jMean()).isEqualTo(1);
    }

    @Test
    void resultsThatDoNotFitAreRefused() throws IOException {
        write(results, 1, 0, 1, 3, 4);
        refused("00001.png has object 4, and sequence run has 3 in its first frame");
        write(results, 1, 0, 1, 3, 255);
        refused("00001.png has object 255");
        write(results, 1, 0, 1, 3, 0, 0, 0);
        refused("00001.png is 2 wide and 3 high, its truth 2 and 2");
        Files.delete(results.resolve("00001.png"));
        refused("there is no prediction " + results.resolve("00001.png"));
        Files.delete(annotations.resolve("00001.png"));
        Files.delete(annotations.resolve("00002.png"));
        refused("has 2 frames: the first and the last are not scored");
        Files.writeString(temp.resolve("ImageSets/2017/val.txt"), "walk\n");
        refused("of sequence walk cannot be read");
        Files.writeString(temp.resolve("ImageSets/2017/val.txt"), "\n");
        refused("val.txt names no sequences");
        Files.delete(temp.resolve("ImageSets/2017/val.txt"));
        refused("val.txt, which names the sequences of the set, cannot be read: there is no such file");
    }

    private void refused(String message) {
        assertThatThrownBy(this::score)
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message);
    }

    private DavisReport score() {
        return DavisScoring.score(temp, temp.resolve("results"), "val");
    }
}
