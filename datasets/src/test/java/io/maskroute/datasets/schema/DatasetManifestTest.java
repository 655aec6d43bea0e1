package io.maskroute.datasets.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetManifestTest {
    private static final DatasetManifest MANIFEST = new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            "refcoco-unc",
            "val",
            Protocol.JOINED,
            GroundTruthRaster.OPENCV_LIKE,
            ExifOrientation.APPLY,
            Map.of("coco", List.of(new DatasetManifest.Category(1, "person", true))),
            "0.1.0",
            new DatasetManifest.Counts(3, 10L, 26, Map.of("unknown-image", 2L), Map.of()),
            List.of(new DatasetManifest.SourceFile("refs(unc).p", 5847, "00ff")));

    private final Configuration hadoop = new Configuration();

    @TempDir
    Path folder;

    @Test
    void isReadBackAsWritten() throws IOException {
        MANIFEST.write(folder.toString(), hadoop);

        assertThat(DatasetManifest.read(folder.toUri().toString(), hadoop)).isEqualTo(MANIFEST);
        assertThat(Files.readString(folder.resolve("_maskroute.json")))
                .contains(
                        "\"format_version\" : 1",
                        "\"protocol\" : \"joined\"",
                        "\"opencv-like\"",
                        "\"orientation\" : \"apply\"",
                        "\"is_thing\" : true");
        assertThat(folder).isDirectoryNotContaining("glob:**.crc");
    }

    @Test
    void canBeEditedByHand() throws IOException {
        MANIFEST.write(folder.toString(), hadoop);
        Path file = folder.resolve("_maskroute.json");
        Files.writeString(file, Files.readString(file).replace("refcoco-unc", "mine"));

        assertThat(DatasetManifest.read(folder.toString(), hadoop).name()).isEqualTo("mine");
    }

    @Test
    void mayBeShortAndMayHoldMore() {
        DatasetManifest read = parse(
                "{\"format_version\":1,\"name\":\"mine\",\"invented_later\":{},\"class_sets\":{\"coco\":[{\"id\":1,"
                        + "\"name\":\"person\",\"is_thing\":true,\"supercategory\":\"person\"}]}}");

        assertThat(read.name()).isEqualTo("mine");
        assertThat(read.protocol()).isNull();
        assertThat(read.orientation()).isEqualTo(ExifOrientation.STORED);
        assertThat(read.classSets().get("coco")).containsExactly(new DatasetManifest.Category(1, "person", true));
        assertThat(read.sources()).isEmpty();
    }

    @Test
    void saysWhatIsWrong() {
        assertThatThrownBy(() -> DatasetManifest.read(folder.resolve("absent").toString(), hadoop))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("There is no dataset ");
        assertThatThrownBy(() -> DatasetManifest.read(folder.toString(), hadoop))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("it has no _maskroute.json");
        assertThatThrownBy(() -> DatasetManifest.read("nosuch://x/y", hadoop))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageContaining("No file system is set up for nosuch://x/y");
        assertThatThrownBy(() -> parse("{\"format_version\":2,\"name\":\"x\"}"))
                .isInstanceOf(UnusableInputException.class)
                .hasMessageStartingWith("m.json has the format version 2; this maskroute reads 1");
        assertThatThrownBy(() -> parse("{\"name\":\"x\"}")).hasMessage("m.json has no format_version");
        assertThatThrownBy(() -> parse("{\"format_version\":1}")).hasMessageContaining("name");
        assertThatThrownBy(() -> parse("{\"format_version\":1,"))
                .hasMessageStartingWith("m.json is not a dataset manifest");
        assertThatThrownBy(() -> parse("{\"format_version\":1,\"name\":\"x\",\"protocol\":\"both\"}"))
                .hasMessageContaining("both")
                .hasMessageContaining("per-expression");
        assertThatThrownBy(() -> parse("{\"format_version\":1,\"name\":\"x\",\"orientation\":\"upright\"}"))
                .hasMessageContaining("upright")
                .hasMessageContaining("apply");
    }

    private static DatasetManifest parse(String json) {
        return DatasetManifest.parse(json.getBytes(java.nio.charset.StandardCharsets.UTF_8), "m.json");
    }
}
