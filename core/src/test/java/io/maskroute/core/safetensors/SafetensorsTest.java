package io.maskroute.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.testing.Fixtures;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    static Stream<Path> fixtureFiles() throws IOException, URISyntaxException {
        Path root = Path.of(SafetensorsTest.class.getResource("/fixtures").toURI());
        try (Stream<Path> walk = Files.walk(root)) {
            return walk.filter(f -> f.toString().endsWith(".safetensors")).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("fixtureFiles")
    void readsEveryTensorOfEveryFixture(Path file) {
        try (Safetensors tensors = Safetensors.open(file)) {
            assertThat(tensors.names()).isNotEmpty();
            for (String name : tensors.names()) {
                TensorInfo info = tensors.info(name);
                ByteBuffer mapped = tensors.bytes(name);
                assertThat(mapped.isReadOnly()).isTrue();
                assertThat(mapped.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
                assertThat((long) mapped.remaining()).isEqualTo(info.byteLength());
                assertThat(mapped).isEqualTo(ByteBuffer.wrap(tensors.toByteArray(name)));
                if (info.dtype().isFloating()) {
                    assertThat(tensors.floats(name)).hasSize((int) info.elements());
                } else {
                    assertThat(tensors.longs(name)).hasSize((int) info.elements());
                }
            }
        }
    }

    @Test
    void readsTheValuesThatPytorchWrote() {
        Path file = Fixtures.path("public-A-referring/expected.safetensors");
        try (Safetensors tensors = Safetensors.open(file)) {
            assertThat(tensors.info("result.scores")).isEqualTo(TensorInfo.of(DType.F32, 8));
            // The same numbers, rounded, are in the fixture's config.json under stats.scores.
            float[] expected = {0.0382f, 0.0792f, 0.0362f, 0.0371f, 0.0381f, 0.0309f, 0.0218f, 0.0191f};
            assertThat(tensors.floats("result.scores"))
                    .containsExactly(expected, org.assertj.core.data.Offset.offset(5.1e-5f));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void writesAndReadsBackRandomTensors(long seed) throws IOException {
        Random random = new Random(seed);
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        Map<String, byte[]> contents = new LinkedHashMap<>();
        int count = random.nextInt(12);
        for (int t = 0; t < count; t++) {
            DType dtype = DType.values()[random.nextInt(DType.values().length)];
            long[] shape = random.ints(random.nextInt(4), 0, 9).asLongStream().toArray();
            TensorInfo info = new TensorInfo(dtype, shape);
            String name = "tensor \"" + t + "\" é\n";
            byte[] content = new byte[(int) info.byteLength()];
            random.nextBytes(content);
            infos.put(name, info);
            contents.put(name, content);
        }
        Path file = folder.resolve("random.safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of("seed", "" + seed))) {
            for (String name : contents.keySet()) {
                byte[] content = contents.get(name);
                int cut = content.length == 0 ? 0 : random.nextInt(content.length);
                writer.write(name, ByteBuffer.wrap(content, 0, cut));
                writer.write(name, ByteBuffer.wrap(content, cut, content.length - cut));
            }
            writer.finish();
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.metadata()).containsExactly(Map.entry("seed", "" + seed));
            assertThat(read.names()).containsExactlyElementsOf(infos.keySet());
            infos.forEach((name, info) -> {
                assertThat(read.info(name)).isEqualTo(info);
                assertThat(read.toByteArray(name)).isEqualTo(contents.get(name));
            });
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }

    @Test
    void convertsNumbersOfEveryType() throws IOException {
        float[] values = {0, -0.5f, 1, 1.25f, -3, 65504, 0x1p-24f, Float.NEGATIVE_INFINITY};
        long[] small = {0, 1};
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            infos.put(dtype.name(), TensorInfo.of(dtype, dtype.isFloating() ? values.length : small.length));
        }
        Path file = folder.resolve("types.safetensors");
        try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
            for (DType dtype : DType.values()) {
                if (dtype.isFloating()) {
                    writer.writeFloats(dtype.name(), values);
                } else {
                    writer.writeLongs(dtype.name(), small);
                }
            }
            writer.finish();
        }
        float[] asBf16 = values.clone();
        asBf16[5] = 65536;
        try (Safetensors read = Safetensors.open(file)) {
            for (DType dtype : DType.values()) {
                if (dtype.isFloating()) {
                    assertThat(read.floats(dtype.name())).isEqualTo(dtype == DType.BF16 ? asBf16 : values);
                } else {
                    assertThat(read.longs(dtype.name())).isEqualTo(small);
                }
            }
            assertThatThrownBy(() -> read.floats("I64")).hasMessageContaining("I64 [2]");
            assertThatThrownBy(() -> read.longs("F16")).hasMessageContaining("F16 [8]");
            assertThatThrownBy(() -> read.info("absent"))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("'absent'");
        }
    }

    @Test
    void decodesTensorsLargerThanOneChunk() throws IOException {
        int count = 700_001;
        long[] values = new Random(5).longs(count).toArray();
        Path file = folder.resolve("large.safetensors");
        try (SafetensorsWriter writer =
                SafetensorsWriter.create(file, Map.of("x", TensorInfo.of(DType.I64, count)), Map.of())) {
            writer.writeLongs("x", values);
            writer.finish();
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.longs("x")).isEqualTo(values);
            ByteBuffer middle = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            read.read("x", 8L * 123_456, middle);
            assertThat(middle.getLong(0)).isEqualTo(values[123_456]);
        }
    }

    @Test
    void anUnfinishedFileLeavesNothing() throws IOException {
        Path file = folder.resolve("half.safetensors");
        Map<String, TensorInfo> infos = Map.of("x", TensorInfo.of(DType.F32, 3));
        assertThatThrownBy(() -> {
                    try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
                        writer.writeFloats("x", new float[2]);
                        writer.finish();
                    }
                })
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("8 of 12 bytes");
        assertThatThrownBy(() -> {
                    try (SafetensorsWriter writer = SafetensorsWriter.create(file, infos, Map.of())) {
                        writer.writeFloats("x", new float[4]);
                    }
                })
                .isInstanceOf(IllegalArgumentException.class);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    /** One F32 pair by default; each hostile header changes something about it. */
    private static String tensor(String dtype, String shape, String offsets) {
        return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
    }

    static Stream<Arguments> hostileHeaders() {
        String good = tensor("F32", "[2]", "[0,8]");
        return Stream.of(
                Arguments.of("", 0, "not a JSON object"),
                Arguments.of("[]", 0, "not a JSON object"),
                Arguments.of("{\"a\":" + good, 8, "not valid JSON"),
                Arguments.of("{\"a\":" + good + "} x", 8, "not valid JSON"),
                Arguments.of("{\"a\":" + good + "}{}", 8, "text after"),
                Arguments.of("{\"a\":" + good + ",\"a\":" + good + "}", 8, "Duplicate"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F64\"}}", 8, "Duplicate"),
                Arguments.of("{\"a\":7}", 8, "not an object"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "lacks"),
                Arguments.of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"extra\":1}}", 8, "'extra'"),
                Arguments.of("{\"a\":" + tensor("F31", "[2]", "[0,8]") + "}", 8, "'F31'"),
                Arguments.of("{\"a\":" + tensor("F32", "2", "[0,8]") + "}", 8, "whole numbers"),
                Arguments.of("{\"a\":" + tensor("F32", "[2.0]", "[0,8]") + "}", 8, "whole numbers"),
                Arguments.of("{\"a\":" + tensor("F32", "[-2]", "[0,8]") + "}", 8, "negative"),
                Arguments.of("{\"a\":" + tensor("F32", "[18446744073709551616]", "[0,8]") + "}", 8, "too large"),
                Arguments.of("{\"a\":" + tensor("F32", "[4294967296,4294967296]", "[0,8]") + "}", 8, "overflows"),
                Arguments.of("{\"a\":" + tensor("F32", "[4611686018427387904,2]", "[0,8]") + "}", 8, "overflows"),
                Arguments.of("{\"a\":" + tensor("F32", "[0,4611686018427387904,4]", "[0,0]") + "}", 0, "overflows"),
                Arguments.of("{\"a\":" + tensor("F32", "[3]", "[0,8]") + "}", 8, "12 bytes"),
                Arguments.of("{\"a\":" + tensor("F32", "[2]", "[-8,0]") + "}", 8, "negative"),
                Arguments.of("{\"a\":" + tensor("F32", "[2]", "[8,0]") + "}", 8, "data_offsets"),
                Arguments.of("{\"a\":" + tensor("F32", "[2]", "[0,8,16]") + "}", 8, "two data_offsets"),
                Arguments.of("{\"a\":" + good + "}", 4, "truncated"),
                Arguments.of("{\"a\":" + good + "}", 9, "1 bytes follow"),
                Arguments.of(
                        "{\"a\":" + tensor("F32", "[2]", "[9223372036854775800,9223372036854775807]") + "}",
                        8,
                        "data_offsets"),
                Arguments.of("{\"a\":" + good + ",\"b\":" + good + "}", 8, "overlaps"),
                Arguments.of("{\"a\":" + good + ",\"b\":" + tensor("F32", "[2]", "[4,12]") + "}", 12, "overlaps"),
                Arguments.of("{\"a\":" + good + ",\"b\":" + tensor("F32", "[2]", "[12,20]") + "}", 20, "hole"),
                Arguments.of("{\"a\":" + tensor("F32", "[2]", "[4,12]") + "}", 12, "hole"),
                Arguments.of("{\"__metadata__\":{\"k\":1},\"a\":" + good + "}", 8, "object of strings"),
                Arguments.of("{\"__metadata__\":[],\"a\":" + good + "}", 8, "object of strings"),
                Arguments.of("{\"a\":{\"dtype\":" + "[".repeat(5000), 8, "not a string"),
                Arguments.of("{\"a\\nb\":7}", 8, "'a?b'"));
    }

    @ParameterizedTest
    @MethodSource("hostileHeaders")
    void refusesHostileHeaders(String json, int dataBytes, String message) throws IOException {
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        assertRefused(file(header.length, header, dataBytes), message);
    }

    @Test
    void refusesFilesThatAreNoSafetensors() throws IOException {
        assertRefused(folder.resolve("absent.safetensors"), "does not exist");
        assertRefused(folder, "is a folder");
        assertRefused(Files.write(folder.resolve("short"), new byte[7]), "7 bytes");
        assertRefused(file(Long.MAX_VALUE, new byte[2], 0), "9223372036854775807 bytes announced");
        assertRefused(file(-1, new byte[2], 0), "18446744073709551615 bytes announced");
        assertRefused(file(3, new byte[] {'{', '}'}, 0), "truncated");
        assertRefused(file(2, new byte[] {'{', (byte) 0xff}, 0), "not valid JSON");
    }

    @Test
    void refusesAnOversizedHeaderWithoutReadingIt() throws IOException {
        Path file = file(100_000_001, new byte[0], 0);
        try (java.io.RandomAccessFile sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(8 + 100_000_001);
        }
        assertRefused(file, "at most 100000000");
    }

    @Test
    void refusesOneNameInTwoShards() throws IOException {
        byte[] json = ("{\"a\":" + tensor("U8", "[1]", "[0,1]") + "}").getBytes(StandardCharsets.UTF_8);
        Path one = Files.move(file(json.length, json, 1), folder.resolve("one"));
        Path two = Files.copy(one, folder.resolve("two"));
        try (Safetensors first = Safetensors.open(one);
                Safetensors second = Safetensors.open(two)) {
            assertThatThrownBy(() -> new ShardedTensors("model", List.of(first, second)))
                    .isInstanceOf(UnusableInputException.class)
                    .hasMessageContaining("'a' is in both " + one);
        }
    }

    private Path file(long headerLength, byte[] header, int dataBytes) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        return Files.write(
                folder.resolve("hostile.safetensors"),
                content.putLong(headerLength).put(header).array());
    }

    private static void assertRefused(Path file, String message) {
        assertThatThrownBy(() -> Safetensors.open(file).close())
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining(message)
                .hasMessageContaining(file.toString())
                .hasMessageNotContaining("\n");
    }
}
