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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
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
        List<ImageRow> images = new ArrayList<>();
        Map<String, String> expected = new HashMap<>();
        for (JsonNode file :
                new ObjectMapper().readTree(resource("images.json")).get("files")) {
            String name = file.get("file").asText();
            images.add(image(name, resource("images/" + name), prompt(name, null, "the cup")));
            expected.put(name, file.get("expect").asText());
        }
        for (int i = images.size(); i < IMAGES; i++) {
            String id = "ordinary-" + i;
            images.add(image(id, png(8, 9), prompt(id, null, "nothing")));
            expected.put(id, "decodes");
        }
        assertThat(images).hasSize(IMAGES);
        Collections.shuffle(images, new Random(1));
        Datasets.write(home.resolve("dataset"), 4, images);

        CliRun run = CliRun.withModel(
                home,
                2,
                "evaluate",
                "--model",
                "../models/tiny",
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                home.resolve("out").toString());

        assertThat(run.code()).isZero();
        List<Row> rows = Datasets.read(home.resolve("out/predictions"));
        assertThat(rows).hasSize(IMAGES);
        Map<String, String> statuses =
                rows.stream().collect(Collectors.toMap(row -> row.getAs("prompt_id"), row -> row.getAs("status")));
        assertThat(statuses).containsOnlyKeys(expected.keySet());
        assertThat(statuses).allSatisfy((name, status) -> assertThat(statusesFor(expected.get(name)))
                .as("%s: %s", name, expected.get(name))
                .contains(status));
        assertThat(rows.stream().filter(row -> row.getAs("status").equals("failed")))
                .isNotEmpty()
                .allSatisfy(
                        row -> assertThat(row.<Row>getAs("error").getString(0)).isEqualTo("decode"));
    }

    /** What {@code images.json} allows, from its words. */
    private static List<String> statusesFor(String expect) {
        if (expect.startsWith("error") || expect.startsWith("refused") || expect.contains("row marked failed")) {
            return List.of("failed");
        }
        boolean either = expect.contains("error") || expect.equals("no crash") || expect.equals("most decoders accept");
        return either ? List.of("ok", "failed") : List.of("ok");
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HostileImagesTest.class.getResourceAsStream("/data/hostile/" + name)) {
            return in.readAllBytes();
        }
    }
}
