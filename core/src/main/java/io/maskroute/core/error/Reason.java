package io.maskroute.core.error;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Why something failed, in one line for people. Libraries wrap what went wrong several times over, and the outermost message says
 * what they were about to do: the innermost cause counts, or the first that is about a file or a host.
 */
public final class Reason {
    private static final int DEEPEST = 32;
    private static final int MOST_CHARACTERS = 300;
    /** What Java's streams add to the file's name. */
    private static final String DENIED = "(Permission denied)";

    private static final String ABSENT = "(No such file or directory)";
    private static final String FOLDER = "(Is a directory)";

    /** Of Hadoop's; this module does not know its classes. */
    private static final String HADOOP_DENIES = "AccessControlException";

    /** What Linux answers, and Java hands on without a class for it. */
    private static final Pattern SYSTEM = Pattern.compile(
            "No space left on device|Disk quota exceeded|Read-only file system|Too many open files|Input/output error");

    private static final Pattern FULL =
            Pattern.compile("No space left on device|Disk quota exceeded|Read-only file system");

    private Reason() {}

    /** Words, for behind a colon. It need not name a file: whoever asks knows which it was about. */
    public static String of(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; depth < DEEPEST; depth++) {
            String known = known(cause);
            if (known != null) {
                return line(known);
            }
            if (cause.getCause() == null) {
                break;
            }
            cause = cause.getCause();
        }
        return line(cause.getMessage() == null || cause.getMessage().isBlank() ? name(cause) : cause.getMessage());
    }

    /** The same of an attempt to write: there what is absent is a folder that could not be made. */
    public static String ofWriting(IOException failure) {
        if (failure instanceof NoSuchFileException) {
            return "no folder can be made there";
        }
        return failure instanceof FileAlreadyExistsException file ? file.getFile() + " is a file" : of(failure);
    }

    /**
     * What a file system or a host answered, with the file's name: something that whoever gave the command can mend.
     *
     * @return empty when no cause is of that kind
     */
    public static Optional<String> ofSystem(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            if (cause instanceof FileSystemException files && files.getFile() != null) {
                return Optional.of(files.getFile() + ": " + of(files));
            }
            boolean system = cause instanceof FileNotFoundException
                    || cause instanceof UnknownHostException
                    || cause instanceof ConnectException
                    || (cause instanceof IOException
                            && (cause.getClass().getSimpleName().equals(HADOOP_DENIES)
                                    || SYSTEM.matcher(String.valueOf(cause.getMessage()))
                                            .find()));
            if (system) {
                return Optional.of(
                        cause instanceof UnknownHostException || cause.getMessage() == null
                                ? of(cause)
                                : line(cause.getMessage()));
            }
            cause = cause.getCause();
        }
        return Optional.empty();
    }

    /** Whether some cause is that a disk takes no more, which another try does not change. */
    public static boolean isFullDisk(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
            if (FULL.matcher(String.valueOf(cause.getMessage())).find()) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    /** Null when the message says it. */
    private static String known(Throwable cause) {
        if (cause instanceof AccessDeniedException denied) {
            return "permission denied" + (denied.getReason() == null ? "" : " (" + denied.getReason() + ")");
        }
        if (cause instanceof NoSuchFileException) {
            return "there is no such file";
        }
        if (cause instanceof NotDirectoryException) {
            return "it is no folder";
        }
        if (cause instanceof FileAlreadyExistsException) {
            return "it is there already";
        }
        if (cause instanceof DirectoryNotEmptyException) {
            return "the folder is not empty";
        }
        if (cause instanceof FileSystemException files && files.getReason() != null) {
            return files.getReason();
        }
        if (cause instanceof FileNotFoundException stream && stream.getMessage() != null) {
            String message = stream.getMessage();
            return message.endsWith(DENIED)
                    ? "permission denied"
                    : message.endsWith(ABSENT)
                            ? "there is no such file"
                            : message.endsWith(FOLDER) ? "it is a folder" : null;
        }
        if (cause instanceof UnknownHostException host) {
            return "the host " + String.valueOf(host.getMessage()).replaceFirst(":.*", "") + " cannot be found";
        }
        if (cause instanceof EOFException && cause.getMessage() == null) {
            return "it ends too early";
        }
        return cause instanceof CharacterCodingException ? "it is not text in UTF-8" : null;
    }

    /** Without what is made for debuggers: a class that nobody named. */
    private static String name(Throwable cause) {
        return cause.getClass().getSimpleName().isEmpty()
                ? cause.getClass().getName()
                : cause.getClass().getSimpleName();
    }

    private static String line(String text) {
        String line = text.strip().lines().findFirst().orElse("").strip();
        return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "…";
    }
}
