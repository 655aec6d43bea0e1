package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dataset a fifth of which is bad or unusual: the job goes on, and each row says what became of it. */
class HostileImagesTest {
    private static final int IMAGES = 200;

    @TempDir
    private Path home;

    @Test
    void badPicturesFailAloneAndTheJobGoesOn() throws IOException {
        JsonNode files = new ObjectMapper().readTree(resource("images.json")).get("files");
        List<ImageRow> images = new ArrayList<>();
        Map<String, String> expected = new HashMap<>();
        int ordinary = 0;
        for (JsonNode file : files) {
            String name = file.get("file").asText();
            images.add(image(name, resource("images/" + name), prompt(name, null, "the cup")));
            expected.put(name, file.get("expect").asText());
            while (images.size() < IMAGES * (expected.size()) / files.size()) {
                String id = "ordinary-" + ordinary++;
                images.add(image(id, png(8, 9), prompt(id, null, "nothing")));
                expected.put(id, "decodes");
                expected.remove(id);
            }
        }
        while (images.size() < IMAGES) {
            String id = "ordinary-" + ordinary++;
            images.add(image(id, png(8, 9), prompt(id, null, "nothing")));
        }
        Files.createDirectory(home.resolve("model"));
        Datasets.write(home.resolve("dataset"), 4, images);

        CliRun run = CliRun.withSpark(
                home,
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve("out").toString());

        assertThat(run.code()).isZero();
        List<Row> rows = Datasets.read(home.resolve("out/predictions"));
        assertThat(rows).hasSize(IMAGES);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HostileImagesTest.class.getResourceAsStream("/data/hostile/" + name)) {
            return in.readAllBytes();
        }
    }
}
