package io.maskroute.job.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileNamesTest {
    @ParameterizedTest
    @CsvSource({
        "000000123, 000000123",
        "train/a b.jpg, train/a%20b.jpg",
        "../../etc/passwd, %2E%2E/%2E%2E/etc/passwd",
        "/etc, %/etc",
        "a//b, a/%/b",
        "größe, gr%C3%B6%C3%9Fe",
        "a%20b, a%2520b",
        "'c:\\x', c%3A%5Cx",
        "..., %2E%2E%2E",
        "index.csv/a, %69ndex.csv/a"
    })
    void idsOfPicturesStayInTheFolder(String id, String expected) {
        assertThat(FileNames.ofPicture(id, Set.of("index.csv"))).isEqualTo(expected);
    }

    @Test
    void aPromptIsOneName() {
        assertThat(FileNames.of("a/b")).isEqualTo("a%2Fb");
        assertThat(FileNames.of("")).isEqualTo("%");
    }

    @Test
    void longNamesAreCutAndStayApart() {
        List<String> names = Stream.of("x".repeat(300) + "1", "x".repeat(300) + "2", "ü".repeat(300))
                .map(FileNames::of)
                .toList();

        assertThat(names).doesNotHaveDuplicates().allMatch(name -> name.length() <= 200);
    }
}
