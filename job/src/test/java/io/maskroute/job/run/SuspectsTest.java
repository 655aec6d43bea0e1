package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuspectsTest {
    private final PromptRow first = prompt("p1", null, "x");
    private final PromptRow second = prompt("p2", null, "y");
    private final ImageRow image = image("a/b c", new byte[0], first, second);
    private final ImageRow other = image("other", new byte[0], prompt("q", null, "x"));

    @TempDir
    private Path run;

    @Test
    void whatReturnsOrFailsOrIsInterruptedLeavesNoMark() throws Exception {
        Suspects suspects = suspects();

        assertThat(suspects.<Integer>during(image, () -> marks().size())).isEqualTo(1);
        assertThatThrownBy(() -> suspects.duringDecode(image, () -> {
                    throw new RowFailure(Stage.DECODE, "k", "m");
                }))
                .isInstanceOf(RowFailure.class);
        assertThatThrownBy(() -> suspects.during(image, first, () -> {
                    throw new InterruptedException();
                }))
                .isInstanceOf(InterruptedException.class);

        assertThat(marks()).isEmpty();
        assertThat(suspects().isSuspect(image)).isFalse();
    }

    @Test
    void oneDeathMakesASuspectAndTheSecondAloneIsProof() throws Exception {
        die(() -> suspects().during(image, SuspectsTest::dead));
        assertThat(suspects().isSuspect(image)).isTrue();
        assertThat(suspects().isSuspect(other)).isFalse();
        assertThat(suspects().verdict(image)).isEmpty();
        assertThat(suspects().verdict(image, first)).isEmpty();

        die(() -> suspects().during(image, first, SuspectsTest::dead));

        assertThat(suspects().verdict(image, first)).hasValueSatisfying(failure -> {
            assertThat(failure.kind()).isEqualTo("executor-lost");
            assertThat(failure.stage()).isEqualTo(Stage.PROMPT);
        });
        assertThat(suspects().verdict(image, second)).isEmpty();
        assertThat(suspects().verdict(image)).isEmpty();
    }

    @Test
    void whatWasInHandIsSuspectedAndMustBeFoundAloneTwice() throws Exception {
        assertThat(suspects().hasFaults()).isFalse();
        Suspects.blame(
                run.resolve("_suspects").toString(), new Configuration(), List.of(Suspects.hash(image.imageId())));

        assertThat(suspects().hasFaults()).isTrue();
        assertThat(suspects().isSuspect(image)).isTrue();
        assertThat(suspects().isSuspect(other)).isFalse();
        die(() -> suspects().during(image, first, SuspectsTest::dead));
        assertThat(suspects().verdict(image, first)).isEmpty();
        die(() -> suspects().during(image, first, SuspectsTest::dead));
        assertThat(suspects().verdict(image, first)).isPresent();
        assertThat(suspects().verdict(image, second)).isEmpty();

        suspects().clear(image);
        assertThat(suspects().isSuspect(image)).isFalse();
        assertThat(suspects().hasFaults()).isTrue();
    }

    @Test
    void twoDeathsWithTheWholePictureProveNothingOfAPrompt() {
        for (int i = 0; i < 2; i++) {
            die(() -> suspects().during(image, SuspectsTest::dead));
        }
        assertThat(suspects().verdict(image)).isEmpty();
        assertThat(suspects().verdict(image, first)).isEmpty();
    }

    @Test
    void aPictureThatKillsTheDecoderFailsWhole() {
        die(() -> suspects().during(image, SuspectsTest::dead));
        die(() -> suspects().duringDecode(image, SuspectsTest::dead));

        assertThat(suspects().verdict(image))
                .hasValueSatisfying(failure -> assertThat(failure.stage()).isEqualTo(Stage.DECODE));
    }

    @Test
    void gettingThroughAloneClearsAPicture() {
        die(() -> suspects().during(image, first, SuspectsTest::dead));
        suspects().clear(image);
        assertThat(suspects().isSuspect(image)).isFalse();

        die(() -> suspects().during(image, first, SuspectsTest::dead));
        assertThat(suspects().verdict(image, first)).isEmpty();
    }

    @Test
    void aPromptThatHungAloneNeedsNoSecondProof() {
        suspects().record(image, List.of(first, second), Suspects.Loss.TIMEOUT);
        assertThat(suspects().verdict(image, first)).isEmpty();

        suspects().record(image, List.of(second), Suspects.Loss.TIMEOUT);

        assertThat(suspects().verdict(image, first)).isEmpty();
        assertThat(suspects().verdict(image, second))
                .hasValueSatisfying(failure -> assertThat(failure.kind()).isEqualTo("timeout"));
    }

    @Test
    void aDeviceLostTwiceIsProof() {
        suspects().record(image, List.of(first, second), Suspects.Loss.DEVICE);
        suspects().record(image, List.of(second), Suspects.Loss.DEVICE);

        assertThat(suspects().verdict(image, second))
                .hasValueSatisfying(failure -> assertThat(failure.kind()).isEqualTo("device-lost"));
    }

    @Test
    void otherFilesInTheFolderAreLeftAlone() throws IOException {
        Files.createDirectories(run.resolve("_suspects"));
        Files.createFile(run.resolve("_suspects/notes.txt"));

        assertThat(suspects().isSuspect(image)).isFalse();
    }

    /** As when a process dies in the middle: nothing is cleaned up. */
    private static void die(ThrowableAssert.ThrowingCallable marked) {
        assertThatThrownBy(marked).isInstanceOf(InternalError.class);
    }

    private static Object dead() {
        throw new InternalError("dead");
    }

    private Suspects suspects() {
        try {
            return Suspects.read(run.resolve("_suspects").toString(), new Configuration());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<Path> marks() {
        try (var files = Files.list(run.resolve("_suspects"))) {
            return files.filter(f -> !f.getFileName().toString().endsWith(".crc"))
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
