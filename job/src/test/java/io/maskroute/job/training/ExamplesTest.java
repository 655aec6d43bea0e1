package io.maskroute.job.training;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static io.maskroute.job.testing.Datasets.truth;
import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.checkpoint.ModelFolder;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImagePreprocessor;
import io.maskroute.core.image.Orientation;
import io.maskroute.core.image.PreparedImage;
import io.maskroute.core.text.PromptTokenizer;
import io.maskroute.core.training.TargetGrid;
import io.maskroute.datasets.mask.Rle;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.job.input.ImageBytes;
import io.maskroute.job.input.PictureOrientation;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import io.maskroute.job.testing.TurnedPictures;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExamplesTest {
    private static final Path MODEL = Path.of("../models/tiny");

    @TempDir
    private Path dataset;

    @Test
    void aPictureIsLeftOutForThePromptThatCannotBeRead() {
        Row picture = DatasetSchema.toRow(
                image("a", png(20, 30), prompt("a1", met(20, 30, "x"), "x"), prompt("a2", met(20, 30, "y"), "y")));
        Row stored = stored("whole", picture);
        Row broken = stored("broken", Datasets.withNullMask(picture, 1));

        try (PromptTokenizer tokenizer = tokenizer()) {
            Examples examples = examples(stored, tokenizer, ExifOrientation.STORED);

            assertThat(examples.of(stored, 0))
                    .hasValueSatisfying(example -> assertThat(example.truths()).hasSize(2));
            assertThat(examples.of(broken, 0)).isEmpty();
            assertThat(examples.unusable()).isEqualTo(1);
            assertThat(examples.nothingUsable("d"))
                    .hasMessage("no row of d can be trained on; the last one: a truth mask is null");
        }
    }

    @ParameterizedTest
    @EnumSource(ExifOrientation.class)
    void theTruthIsTurnedWithThePicture(ExifOrientation decoded) {
        Rle truth = Rle.of(FakeSegmenters.mask(List.of("x"), 20, 30));
        Row row = stored(
                "turned",
                DatasetSchema.toRow(image("a", TurnedPictures.png(20, 30, 6), prompt("p", truth(truth), "x"))));

        try (PromptTokenizer tokenizer = tokenizer()) {
            Examples.Example example =
                    examples(row, tokenizer, decoded).of(row, 0).orElseThrow();

            boolean upright = decoded == ExifOrientation.APPLY;
            PreparedImage picture = example.picture().picture().image();
            assertThat(List.of(picture.originalHeight(), picture.originalWidth()))
                    .isEqualTo(upright ? List.of(30, 20) : List.of(20, 30));
            assertThat(example.truths())
                    .containsExactly(
                            Optional.of(upright ? PictureOrientation.turned(truth, Orientation.RIGHT_TOP) : truth));
        }
    }

    /** Spark's own form of the row. */
    private Row stored(String name, Row row) {
        Path folder = dataset.resolve(name);
        Datasets.writeRows(folder, 1, List.of(row));
        return Datasets.read(folder).get(0);
    }

    private static PromptTokenizer tokenizer() {
        ModelFolder model = ModelFolder.open(MODEL);
        int side = model.config().imageTokenSide();
        return PromptTokenizer.open(model.tokenizer(), model.config(), side * side);
    }

    private Examples examples(Row row, PromptTokenizer tokenizer, ExifOrientation decoded) {
        return new Examples(
                ImageRowReader.of(row.schema(), "d"),
                new ImageBytes(dataset.toString(), List.of(), new Configuration(), 1 << 20),
                new PictureOrientation(decoded, ExifOrientation.STORED),
                new ImagePreprocessor(ModelFolder.open(MODEL).config()),
                tokenizer,
                new TargetGrid(16),
                2,
                1);
    }
}
