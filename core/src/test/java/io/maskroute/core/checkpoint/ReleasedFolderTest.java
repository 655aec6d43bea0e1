package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.maskroute.core.checkpoint.ReleasedFolder.Form;
import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.Psalm;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The released layout at a size that takes seconds; profile {@code full} has it at the published size. */
class ReleasedFolderTest {
    /** PSALM's vocabulary, all else small. */
    private static final ModelConfig SMALL = new ModelConfig(
            new ModelConfig.Image(
                    128,
                    Psalm.published().image().mean(),
                    Psalm.published().image().std(),
                    128),
            new ModelConfig.Swin(8, List.of(2, 1, 2, 1), List.of(1, 2, 4, 8), 6, 4, 4, 1e-5),
            new VisionProjector(VisionProjector.Kind.SWIN_CONV, 5, 24),
            new ModelConfig.Llm(64, 128, 4, 4, 8, 50297, 1e-5, 10000.0, 512),
            new ModelConfig.PixelDecoder(32, 32, 4, 2, 64, 4),
            new ModelConfig.MaskDecoder(32, 4, 3, 64, 6),
            Psalm.published().specialTokens());

    @TempDir
    Path temp;

    private Path write(Form form) throws IOException {
        Path folder = Files.createDirectory(temp.resolve(form.name()));
        ReleasedFolder.write(folder, SMALL, form, 20_000_000, 3);
        return folder;
    }

    private static String fingerprint(Path folder) {
        ModelFolder model = ModelFolder.open(folder);
        try (TensorSource weights = model.openWeights(false)) {
            return Fingerprint.of(model, weights);
        }
    }

    @Test
    void opensAsItIs() throws IOException {
        Path folder = write(Form.SAFETENSORS);
        assertThat(folder.resolve("tokenizer.json")).doesNotExist();
        assertThat(folder.resolve("model-00002-of-00002.safetensors")).exists();
        ModelFolder model = ModelFolder.open(folder);
        assertThat(model.config()).isEqualTo(SMALL);
        assertThat(model.notes()).isEmpty();
        assertThat(model.tokenizer().source()).isEqualTo("vocab+merges");
        assertThat(model.tokenizer().size()).isEqualTo(50297);
        WeightCoverage coverage = model.coverage();
        assertThat(coverage.complete()).isTrue();
        assertThat(coverage.unknown()).hasSize(8).allMatch(key -> key.startsWith("region_sampler."));
        FolderContents contents = FolderContents.of(folder);
        assertThat(contents.problems()).isEmpty();
        assertThat(contents.splitAttention()).contains(false);
    }

    @Test
    void everyFormHoldsTheSameModel() throws IOException {
        String released = fingerprint(write(Form.SAFETENSORS));
        for (Form form : List.of(Form.SPLIT, Form.BIN, Form.BIN_WITHOUT_INDEX)) {
            Path folder = write(form);
            assertThat(fingerprint(folder)).as("%s", form).isEqualTo(released);
            assertThat(FolderContents.of(folder).splitAttention()).contains(form == Form.SPLIT);
        }
    }
}
