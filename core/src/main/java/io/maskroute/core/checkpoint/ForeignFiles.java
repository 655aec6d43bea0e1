package io.maskroute.core.checkpoint;

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
    private static final int HEAD_BYTES = 1024;
    /** <a href="https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md">Git LFS pointers</a>, under its first name too. */
    private static final Pattern LFS = Pattern.compile(
            "version https://(?:git-lfs|hawser)\\.github\\.com/spec/v\\S+\\n(?:.*\\n)*?size (\\d{1,18})\\n");

    private static final Pattern HTML = Pattern.compile("\\A\\s*<(?:!doctype html|html)\\b");

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

    /** @throws UnusableInputException when the file, which exists, is something else that downloads leave in its place */
    static void refuse(Path file) {
        String head = head(file);
        Matcher pointer = LFS.matcher(head);
        if (pointer.lookingAt()) {
            throw new UnusableInputException(file + " is a Git LFS pointer to " + pointer.group(1)
                    + " bytes and not the file itself; fetch that with git lfs pull, or download it");
        }
        if (HTML.matcher(head.toLowerCase(Locale.ROOT)).find()) {
            throw new UnusableInputException(file
                    + " is a web page and not the file that its name says; download it again (was a login needed?)");
        }
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
            throw new UnusableInputException("model folder " + folder + " cannot be listed: " + e, e);
        }
    }

    /** For the end of a message that says a file is absent: what to do about it. */
    static String remedy(Path absent) {
        return unfinished(absent)
                .map(half -> half.getFileName() + " beside it is an unfinished download: let it finish")
                .orElse("fetch it as well");
    }

    private static String head(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD_BYTES), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + e, e);
        }
    }
}
