package io.maskroute.job.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.maskroute.job.run.PsalmSegmenterFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Commands of README and the docs: every option is one that its command has, and none that it must have is missing. */
class DocumentedCommandsTest {
    private static final Path HOME = Path.of("..");
    private static final Pattern COMMAND =
            Pattern.compile("\\./submit/(local\\.sh|maskroute|spark-submit\\.sh|slurm\\.sh)([^`]*)");
    private static final Pattern WORD = Pattern.compile("(?:\"[^\"]*\"|'[^']*'|[^\\s\"'])+");
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(HOME, 3)) {
            return docs.filter(file -> file.toString().endsWith(".md")
                            && !file.toString().contains("/target/")
                            && !file.toString().contains("/out/"))
                    .sorted()
                    .toList();
        }
    }

    static List<String> commands() throws IOException {
        List<String> commands = new ArrayList<>();
        for (Path page : pages()) {
            Matcher command = COMMAND.matcher(Files.readString(page).replace("\\\n", " "));
            while (command.find()) {
                String arguments =
                        command.group(2).lines().findFirst().orElse("").strip();
                boolean usage = arguments.isEmpty() || arguments.matches(".*(\\[|COMMAND|CMD|\\.\\.\\.).*|.*--|…");
                if (!usage && !arguments.startsWith("|")) {
                    commands.add(HOME.relativize(page) + " | " + arguments);
                }
            }
        }
        return commands;
    }

    @Test
    void thereAreSome() throws IOException {
        assertThat(commands()).hasSizeGreaterThan(30);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void parses(String documented) {
        String arguments = documented
                .substring(documented.indexOf(" | ") + 3)
                .replaceAll("\\s#\\s.*|;.*|\"$", "")
                // A shell's variable, for a number as well as for a part of a name.
                .replaceAll("\\$\\{?\\w+}?", "5");
        int separator = arguments.indexOf("-- ");
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(separator < 0 ? arguments : arguments.substring(separator + 3));
        while (word.find()) {
            boolean elided = word.group().equals("…");
            if (!elided || !words.isEmpty() && words.get(words.size() - 1).startsWith("-")) {
                words.add(word.group().replaceAll("[\"']", ""));
            }
        }
        Cli cli = new Cli(
                HOME,
                new PsalmSegmenterFactory(),
                new PrintWriter(Writer.nullWriter()),
                new PrintWriter(Writer.nullWriter()));

        assertThatCode(() -> cli.line().parseArgs(words.toArray(String[]::new)))
                .as("%s", words)
                .doesNotThrowAnyException();
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                assertThat(page.resolveSibling(link.group(1)))
                        .as("a link of " + page)
                        .exists();
            }
        }
    }
}
