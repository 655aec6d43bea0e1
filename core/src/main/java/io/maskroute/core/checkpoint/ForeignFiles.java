package io.maskroute.core.checkpoint;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a download leaves where a model's file should be: pointers, pages of errors, halves. */
final class ForeignFiles {
    /** As much of a file as {@link #recognise} needs: what a pointer may have at most. */
    static final int HEAD_BYTES = 1024;

    /** Lines of keys and values, the version first: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md. */
    private static final Pattern LFS_POINTER =
            Pattern.compile("version https://git-lfs\\.github\\.com/spec/v1\\r?\\n(?:[^\\n]*\\n)*?size (\\d{1,19})\\b");

    private static final Pattern WEIGHTS = Pattern.compile("\\.(?:safetensors|bin)\\.");

    /** What browsers, curl, wget, aria2, hub clients and shells call a file that is not yet whole. */
    private static final List<String> UNFINISHED = List.of(
            ".part",
            ".partial",
            ".incomplete",
            ".crdownload",
            ".download",
            ".aria2",
            ".tmp",
            ".temp",
            ".!ut",
            ".filepart");

    /** aria2 gives a file its name and full size at once, and keeps this beside it until it is whole. */
    private static final String ARIA2 = ".aria2";

    private ForeignFiles() {}

    /**
     * Recognises a Git LFS pointer and a web page. No file of a model folder begins like either.
     *
     * @param head the file's first {@link #HEAD_BYTES}, or all of it
     * @return what it is and what to do, to stand behind the file's name in a message; empty for anything else
     */
    static Optional<String> recognise(byte[] head) {
        String text = new String(head, 0, Math.min(head.length, HEAD_BYTES), StandardCharsets.ISO_8859_1);
        Matcher pointer = LFS_POINTER.matcher(text);
        if (pointer.lookingAt()) {
            return Optional.of("is a Git LFS pointer, not the file of " + pointer.group(1)
                    + " bytes that it stands for; run git lfs pull in its folder, or download the file itself");
        }
        String start = text.replaceFirst("^(?:\u00ef\u00bb\u00bf)?\\s*", "").toLowerCase(Locale.ROOT);
        if (start.startsWith("<!doctype html") || start.startsWith("<html") || start.startsWith("<head")) {
            return Optional.of(
                    "is an HTML page, not the file itself; download it again, signed in where that is needed");
        }
        return Optional.empty();
    }

    /** @throws UnusableInputException when the file, which exists, is something else that downloads leave in its place */
    static void refuse(Path file) {
        recognise(head(file)).ifPresent(what -> {
            throw new UnusableInputException(file + " " + what);
        });
        Path control = file.resolveSibling(file.getFileName() + ARIA2);
        if (Files.exists(control)) {
            throw new UnusableInputException(
                    file + " is not whole yet: " + control.getFileName() + " lies beside it; let the download finish");
        }
    }

    /** The beginning of a file that is absent, where one lies beside its place. */
    static Optional<Path> unfinished(Path absent) {
        return UNFINISHED.stream()
                .map(ending -> absent.resolveSibling(absent.getFileName() + ending))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** The beginning of any file of weights in a folder. */
    static Optional<Path> unfinishedWeights(Path folder) {
        try (Stream<Path> list = Files.list(folder)) {
            return list.filter(file ->
                            WEIGHTS.matcher(file.getFileName().toString()).find()
                                    && UNFINISHED.stream().anyMatch(file.toString()::endsWith))
                    .sorted()
                    .findFirst();
        } catch (IOException e) {
            throw new UnusableInputException("model folder " + folder + " cannot be listed: " + Reason.of(e), e);
        }
    }

    /** For the end of a message that says a file is absent: what to do about it. */
    static String remedy(Path absent) {
        return unfinished(absent)
                .map(half -> half.getFileName() + " beside it is an unfinished download: let it finish")
                .orElse("fetch it as well");
    }

    private static byte[] head(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(HEAD_BYTES);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }
}
