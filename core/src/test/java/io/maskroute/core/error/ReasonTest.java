package io.maskroute.core.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReasonTest {
    @TempDir
    private Path home;

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new AccessDeniedException("/a"), "permission denied"),
                Arguments.of(
                        new AccessDeniedException("s3a://b/x", null, "Forbidden, 403"),
                        "permission denied (Forbidden, 403)"),
                Arguments.of(new FileNotFoundException("/a (Permission denied)"), "permission denied"),
                Arguments.of(new FileNotFoundException("File file:/a does not exist"), "File file:/a does not exist"),
                Arguments.of(new NoSuchFileException("/a"), "there is no such file"),
                Arguments.of(new FileSystemException("/a", null, "No space left on device"), "No space left on device"),
                Arguments.of(
                        new UnknownHostException("x.y: Name or service not known"), "the host x.y cannot be found"),
                Arguments.of(new EOFException(), "it ends too early"),
                Arguments.of(
                        new ExecutionException(new RuntimeException(
                                "Exception thrown in awaitResult:", new AccessDeniedException("/a"))),
                        "permission denied"),
                Arguments.of(
                        new UncheckedIOException(new IOException("outer", new IOException("Read-only file system"))),
                        "Read-only file system"),
                Arguments.of(new InvocationTargetException(new ClassNotFoundException("org.x.Y")), "org.x.Y"),
                Arguments.of(
                        new ExceptionInInitializerError(new UnknownHostException("me: me: unknown")),
                        "the host me cannot be found"),
                Arguments.of(new NullPointerException(), "NullPointerException"),
                Arguments.of(new IllegalStateException("  first line \n\tat second\n"), "first line"),
                Arguments.of(new IllegalStateException("x".repeat(1000)), "x".repeat(300) + "…"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void isWhatTheInnermostCauseSaysInOneLine(Throwable failure, String reason) {
        assertThat(Reason.of(failure)).isEqualTo(reason);
    }

    static Stream<Arguments> answers() {
        return Stream.of(
                Arguments.of(new AccessDeniedException("/a/b"), "/a/b: permission denied"),
                Arguments.of(new FileNotFoundException("/a/b (Permission denied)"), "/a/b (Permission denied)"),
                Arguments.of(
                        new IOException("write failed: No space left on device"),
                        "write failed: No space left on device"),
                Arguments.of(new UnknownHostException("x.y: unknown"), "the host x.y cannot be found"),
                Arguments.of(
                        new RuntimeException("Job aborted", new RuntimeException(new NoSuchFileException("/a"))),
                        "/a: there is no such file"),
                Arguments.of(new IOException("of no kind"), null),
                Arguments.of(new IllegalStateException("a fault of the program"), null));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void whatASystemAnsweredIsToldFromFaults(Throwable failure, String answer) {
        assertThat(Reason.ofSystem(failure)).isEqualTo(Optional.ofNullable(answer));
    }

    @Test
    void whatCannotBeWrittenIsNoFileThatIsMissing() {
        assertThat(Reason.ofWriting(new NoSuchFileException("/proc/x"))).isEqualTo("no folder can be made there");
        assertThat(Reason.ofWriting(new FileAlreadyExistsException("/a"))).isEqualTo("/a is a file");
        assertThat(Reason.ofWriting(new AccessDeniedException("/a"))).isEqualTo("permission denied");
    }

    @Test
    void endsThoughCausesGoInACircle() {
        IOException first = new IOException("round");
        first.initCause(new IllegalStateException("and round", first));

        assertThat(Reason.of(first)).isIn("round", "and round");
    }

    @Test
    void knowsWhatTheSystemAnswers() throws Exception {
        assertThat(reason(() -> Files.newInputStream(home.resolve("none")))).isEqualTo("there is no such file");
        assertThat(reason(() -> new FileInputStream(home.resolve("none").toFile())))
                .isEqualTo("there is no such file");
        assertThat(reason(() -> new FileInputStream(home.toFile()))).isEqualTo("it is a folder");
        assertThat(reason(() -> Files.createDirectory(home))).isEqualTo("it is there already");
        Path file = Files.createFile(home.resolve("file"));
        assertThat(reason(() -> Files.createDirectory(file.resolve("below")))).isEqualTo("Not a directory");
        assertThat(reason(() -> Files.delete(home))).isEqualTo("the folder is not empty");
    }

    private static String reason(ThrowingCallable call) throws Exception {
        try {
            call.call();
        } catch (Exception e) {
            return Reason.of(e);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("nothing failed");
    }
}
