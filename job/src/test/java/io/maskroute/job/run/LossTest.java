package io.maskroute.job.run;

import static io.maskroute.job.testing.Datasets.image;
import static io.maskroute.job.testing.Datasets.met;
import static io.maskroute.job.testing.Datasets.png;
import static io.maskroute.job.testing.Datasets.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.job.testing.CliRun;
import io.maskroute.job.testing.Datasets;
import io.maskroute.job.testing.FakeSegmenters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Datasets of which a part cannot be read: the rest is done, and the loss is listed. */
class LossTest {
    private static final int FILES = 3;
    private static final int PICTURES = 4;

    @TempDir
    private Path home;

    private Path out;

    static LongStream seeds() {
        return LongStream.rangeClosed(1, Integer.getInteger("damage.repetitions", 6));
    }

    @BeforeEach
    void dataset() throws IOException {
        Files.createDirectory(home.resolve("model"));
        out = home.resolve("out");
        List<List<ImageRow>> files = new ArrayList<>();
        for (int file = 0; file < FILES; file++) {
            List<ImageRow> images = new ArrayList<>();
            for (int i = 0; i < PICTURES; i++) {
                String id = file + "-" + i;
                byte[] picture =
                        file == 1 && i == 2 ? "no picture at all".getBytes(StandardCharsets.US_ASCII) : png(20, 30);
                images.add(
                        image(id, picture, prompt(id + "-a", met(20, 30, id), id), prompt(id + "-b", null, "b " + id)));
            }
            files.add(images);
        }
        Datasets.writeFiles(home.resolve("dataset"), files);
    }

    @Test
    void aDamagedRowGroupIsListedAndTheRestIsDone() throws IOException {
        List<Path> files = files();
        List<byte[]> before = new ArrayList<>();
        for (Path file : files) {
            before.add(Files.readAllBytes(file));
        }
        FileTime time = FileTime.fromMillis(1_700_000_000_000L);
        for (Path file : files) {
            Files.setLastModifiedTime(file, time);
        }
        Datasets.damage(home.resolve("dataset"), "no picture at all");
        for (Path file : files) {
            Files.setLastModifiedTime(file, time);
        }

        CliRun run = evaluate();

        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err())
                .contains("1 part of the dataset could not be read, more than --max-lost 0 allows")
                .contains("CRC checksum")
                .doesNotContain("Exception");
        assertThat(run.out())
                .contains("lost          4 pictures with 8 prompts: ")
                .contains("CRC checksum");
        assertThat(rows()).hasSize((FILES - 1) * PICTURES * 2);
        JsonNode lost = summary().get("lost");
        assertThat(lost).hasSize(1);
        assertThat(lost.get(0).get("file").asText()).endsWith(".parquet");
        assertThat(lost.get(0).get("row_group").asInt()).isZero();
        assertThat(lost.get(0).get("pictures").asInt()).isEqualTo(PICTURES);
        assertThat(lost.get(0).get("prompts").asInt()).isEqualTo(2 * PICTURES);
        assertThat(out.resolve("report.html")).exists();

        assertThat(evaluate("--max-lost", "1").code()).isZero();
        assertThat(evaluate("--fresh", "--max-lost", "1").code()).isZero();

        // Restored as it was, date and all.
        int calls = FakeSegmenters.CALLS.get();
        for (int i = 0; i < FILES; i++) {
            Files.write(files.get(i), before.get(i));
            Files.setLastModifiedTime(files.get(i), time);
        }
        CliRun again = evaluate();
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(FakeSegmenters.CALLS.get()).isGreaterThan(calls);
        assertThat(rows()).hasSize(FILES * PICTURES * 2);
        assertThat(summary().get("lost")).isEmpty();
    }

    @Test
    void aFileWithoutAFooterIsListedAndTheRestIsDone() throws IOException {
        Path file = files().get(0);
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));

        CliRun run = evaluate();

        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(rows()).hasSize((FILES - 1) * PICTURES * 2);
        JsonNode lost = summary().get("lost").get(0);
        assertThat(lost.get("file").asText()).endsWith(file.getFileName().toString());
        assertThat(lost.get("row_group").isNull()).isTrue();
        assertThat(lost.get("pictures").isNull()).isTrue();
        assertThat(lost.get("reason").asText()).contains("does not end with PAR1");
    }

    /** Whatever bytes are damaged: rows are right or lost, and nothing else happens. */
    @ParameterizedTest
    @MethodSource("seeds")
    void whateverIsDamagedTheRestIsRight(long seed) throws IOException {
        Random random = new Random(seed);
        Path file = files().get(random.nextInt(FILES));
        byte[] bytes = Files.readAllBytes(file);
        if (random.nextInt(3) == 0) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        } else {
            for (int i = 0; i < 1 + random.nextInt(20); i++) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
            }
        }
        Files.write(file, bytes);

        CliRun run = evaluate();

        assertThat(run.code()).as(run.err()).isIn(0, 2);
        assertThat(run.err()).doesNotContain("Exception");
        Set<String> ids =
                rows().stream().map(row -> row.<String>getAs("prompt_id")).collect(Collectors.toSet());
        Set<String> whole = new TreeSet<>();
        for (int other = 0; other < FILES; other++) {
            for (int i = 0; i < PICTURES; i++) {
                whole.addAll(List.of(other + "-" + i + "-a", other + "-" + i + "-b"));
            }
        }
        assertThat(rows()).hasSameSizeAs(ids);
        if (run.code() == 0) {
            assertThat(ids).isEqualTo(whole);
        } else {
            assertThat(summary().get("lost")).isNotEmpty();
            assertThat(whole).containsAll(ids);
            assertThat(ids).hasSizeGreaterThanOrEqualTo((FILES - 1) * PICTURES * 2);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("dataset"))) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }

    private List<Row> rows() {
        return Datasets.read(out.resolve("predictions"));
    }

    private JsonNode summary() throws IOException {
        return new ObjectMapper().readTree(out.resolve("summary.json").toFile());
    }

    private CliRun evaluate(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "evaluate",
                "--model",
                home.resolve("model").toString(),
                "--dataset",
                home.resolve("dataset").toString(),
                "--output",
                out.toString()));
        all.addAll(List.of(more));
        return CliRun.withSpark(home, all.toArray(String[]::new));
    }
}
