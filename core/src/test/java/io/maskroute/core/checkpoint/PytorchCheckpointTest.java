package io.maskroute.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.safetensors.DType;
import io.maskroute.core.safetensors.TensorInfo;
import io.maskroute.core.safetensors.TensorSource;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PytorchCheckpointTest {
    /** Opcodes of {@code torch._utils._rebuild_tensor_v2(storage "0", offset, (2,), (1,), ...)} under the key a. */
    private static final String TENSOR =
            "}S'a'~ctorch._utils~_rebuild_tensor_v2~((S'storage'~ctorch~FloatStorage~S'0'~S'cpu'~I2~tQ"
                    + "I%s~(I2~t(I1~tI00~ccollections~OrderedDict~)RtRs.";

    @TempDir
    Path folder;

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(PytorchCheckpointTest.class.getResource("/bin/" + name).toURI());
    }

    @Test
    void readsEveryTypeThatTorchSaves() throws URISyntaxException {
        try (TensorSource bin = PytorchCheckpoint.open(resource("pytorch_model.bin"))) {
            assertThat(bin.names())
                    .containsExactly(
                            "float",
                            "half",
                            "bfloat16",
                            "double",
                            "long",
                            "int",
                            "short",
                            "char",
                            "byte",
                            "bool",
                            "scalar",
                            "empty",
                            "shared.whole",
                            "shared.part",
                            "parameter");
            assertThat(bin.info("float")).isEqualTo(TensorInfo.of(DType.F32, 2, 3));
            assertThat(bin.floats("float")).containsExactly(0, 0.25f, 0.5f, 0.75f, 1, 1.25f);
            assertThat(bin.floats("half")).containsExactly(1.5f, -2, 65504);
            assertThat(bin.floats("bfloat16")).containsExactly(1.5f, -2, 3);
            assertThat(bin.floats("double")).containsExactly(0.1f, -0.2f);
            assertThat(bin.longs("long")).containsExactly(1, -(1L << 40));
            assertThat(bin.longs("int")).containsExactly(7, -8);
            assertThat(bin.longs("short")).containsExactly(7, -8);
            assertThat(bin.longs("char")).containsExactly(7, -8);
            assertThat(bin.longs("byte")).containsExactly(7, 200);
            assertThat(bin.longs("bool")).containsExactly(1, 0);
            assertThat(bin.info("scalar")).isEqualTo(TensorInfo.of(DType.I64));
            assertThat(bin.longs("scalar")).containsExactly(42);
            assertThat(bin.info("empty")).isEqualTo(TensorInfo.of(DType.F32, 0, 3));
            assertThat(bin.floats("empty")).isEmpty();
            assertThat(bin.floats("shared.whole")).hasSize(24).endsWith(22, 23);
            assertThat(bin.info("shared.part")).isEqualTo(TensorInfo.of(DType.F32, 2, 4));
            assertThat(bin.floats("shared.part")).containsExactly(4, 5, 6, 7, 8, 9, 10, 11);
            assertThat(bin.floats("parameter")).containsExactly(1, 1);
            assertThat(bin.bytes("float").asFloatBuffer().get(5)).isEqualTo(1.25f);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "transposed.bin|tensor a (F32 [3, 2]) is not contiguous in memory; save it with .contiguous()",
                "complex.bin|asks for torch.ComplexFloatStorage",
                "list.bin|holds no dict of tensors",
                "nested.bin|entry 'state_dict' is no tensor; expected the model's state dict alone",
                "legacy.bin|is not a PyTorch checkpoint of version 1.6 or newer"
            })
    void refusesWhatIsNoPlainStateDict(String name, String message) throws URISyntaxException {
        assertRefused(resource(name), message);
    }

    @Test
    void readsAModelFolderWithBin() throws IOException, URISyntaxException {
        Files.copy(resource("pytorch_model.bin"), folder.resolve("pytorch_model.bin"));
        try (TensorSource weights = WeightFiles.find(folder).open()) {
            assertThat(weights.longs("scalar")).containsExactly(42);
        }
        Files.move(folder.resolve("pytorch_model.bin"), folder.resolve("pytorch_model-00001-of-00001.bin"));
        Files.writeString(
                folder.resolve("pytorch_model.bin.index.json"),
                "{\"weight_map\": {\"scalar\": \"pytorch_model-00001-of-00001.bin\"}}");
        try (TensorSource weights = WeightFiles.find(folder).open()) {
            assertThat(weights.longs("scalar")).containsExactly(42);
        }
    }

    @Test
    void refusesEveryTruncation() throws IOException, URISyntaxException {
        byte[] whole = Files.readAllBytes(resource("pytorch_model.bin"));
        for (int length = 0; length < whole.length; length += 97) {
            Path cut = Files.write(folder.resolve("cut.bin"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> PytorchCheckpoint.open(cut).close())
                    .as("%d bytes", length)
                    .isInstanceOf(UnusableInputException.class);
        }
    }

    @Test
    void damageIsAnErrorOrLeavesReadableTensors() throws IOException, URISyntaxException {
        byte[] whole = Files.readAllBytes(resource("pytorch_model.bin"));
        Random random = new Random(11);
        int refused = 0;
        for (int round = 0; round < 1000; round++) {
            byte[] damaged = whole.clone();
            for (int i = 0; i < 3; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(folder.resolve("damaged.bin"), damaged);
            try (TensorSource bin = PytorchCheckpoint.open(file)) {
                bin.names().forEach(bin::toByteArray);
            } catch (UnusableInputException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1, 999);
    }

    @Test
    void refusesArchivesThatLie() throws IOException {
        byte[] two = new byte[8];
        try (TensorSource fine = PytorchCheckpoint.open(archive(tensorAt("0"), two, true))) {
            assertThat(fine.floats("a")).containsExactly(0, 0);
        }
        assertRefused(
                archive(tensorAt("1"), two, true), "tensor a (F32 [2] from element 1) reaches beyond its storage");
        assertRefused(archive(tensorAt("9223372036854775807"), two, true), "reaches beyond its storage");
        assertRefused(archive(tensorAt("-1"), two, true), "without a storage and an offset");
        assertRefused(archive(tensorAt("0"), new byte[7], true), "storage of 1 elements");
        assertRefused(archive(tensorAt("0"), null, true), "storage 0, which is missing");
        assertRefused(archive(tensorAt("0"), new byte[800], false), "is compressed");
        assertRefused(
                archive(tensorAt("0").replace("(I2~t(I1~t", "(I4611686018427387904~t(I1~t"), two, true), "overflows");
        assertRefused(archive(tensorAt("0").replace("(I2~t(I1~t", "(I-2~t(I1~t"), two, true), "negative size");
        assertRefused(archive("cposix~system~(S'touch pwned-by-pickle.txt'~tR.", two, true), "asks for posix.system");
        assertRefused(archive("ctorch.serialization~load~(S'x'~tR.", two, true), "asks for torch.serialization.load");
        assertRefused(archive("ctorch~FloatStorage~(tR.", two, true), "made outside its archive");
        assertRefused(archive("(S'module'~NNNNtQ.", two, true), "persistent id");
    }

    private static String tensorAt(String offset) {
        return String.format(TENSOR, offset);
    }

    private Path archive(String pickle, byte[] storage, boolean stored) throws IOException {
        Path file = folder.resolve("made.bin");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            put(zip, "x/data.pkl", pickle.replace('~', '\n').getBytes(StandardCharsets.US_ASCII), true);
            if (storage != null) {
                put(zip, "x/data/0", storage, stored);
            }
        }
        return file;
    }

    private static void put(ZipOutputStream zip, String name, byte[] content, boolean stored) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        if (stored) {
            CRC32 crc = new CRC32();
            crc.update(content);
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(content.length);
            entry.setCrc(crc.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> PytorchCheckpoint.open(file).close())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }
}
