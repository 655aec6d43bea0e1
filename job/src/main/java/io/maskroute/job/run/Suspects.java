package io.maskroute.job.run;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.Stage;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which pictures and prompts were in the model when an executor was lost, known to all later attempts through empty marker files
 * in the run folder. The driver writes one for each picture that an executor which died by its own doing had named last: {@link
 * LostExecutors}. A marked picture is a suspect: it is decoded under a mark of its own, which goes when it is through, and its
 * prompts run one by one, each under its own. What is found marked twice, both times alone, has failed; once is not enough, for
 * executors are lost for other reasons too.
 *
 * <p>A picture can end an executor before it is in the model. So where executors have died, a task that failed twice marks each of
 * its pictures before it is decoded; such a mark counts as the first of two.
 *
 * <p>A model that hangs or loses its device leaves a living process, which writes the mark itself. A prompt that hung alone
 * needs no second proof.
 *
 * <p>All that a mark says is in its name, {@code PICTURE.SCOPE.LOSS.NONCE}: the ids hashed, {@code SCOPE} being
 * {@code hand} (written by the driver), {@code picture}, {@code decode} or {@code prompt-} with a hash. Spark must let a task fail more often than marks are needed
 * ({@code spark.task.maxFailures}): a bad row costs three failures where the executor dies, other tasks of the executor too.
 */
final class Suspects {
    private static final Logger LOG = LoggerFactory.getLogger(Suspects.class);
    private static final Pattern NAME =
            Pattern.compile("([0-9a-f]{32})\\.(hand|picture|decode|prompt-[0-9a-f]{32})\\.([a-z-]+)\\..+");
    private static final String FAULT = "fault.";
    private static final String HAND = "hand";
    private static final String PICTURE = "picture";
    private static final String DECODE = "decode";
    private static final int PROOF = 2;

    private final Path folder;
    private final FileSystem files;
    /** By hashed picture. */
    private final Map<String, List<Mark>> marks = new HashMap<>();

    private boolean faults;

    /** How an executor was lost. */
    enum Loss {
        EXECUTOR("executor-lost", "the executor was lost while it worked on this alone, and before"),
        DEVICE("device-lost", "the device was lost while it worked on this alone, and before"),
        TIMEOUT("timeout", "the model did not answer within runtime.prompt-timeout");

        private final String kind;
        private final String message;

        Loss(String kind, String message) {
            this.kind = kind;
            this.message = message;
        }

        private static Optional<Loss> of(String kind) {
            for (Loss loss : values()) {
                if (loss.kind.equals(kind)) {
                    return Optional.of(loss);
                }
            }
            return Optional.empty();
        }
    }

    private record Mark(String scope, Loss loss, Path file) {}

    /** What is done under a mark. */
    interface Work<T> {
        T run() throws RowFailure, InterruptedException;
    }

    private Suspects(Path folder, FileSystem files) {
        this.folder = folder;
        this.files = files;
    }

    /** Marks nothing and suspects nobody. */
    static Suspects none() {
        return new Suspects(null, null);
    }

    /** @param folder of the marks, which need not exist */
    static Suspects read(String folder, Configuration hadoop) throws IOException {
        Path path = HadoopFiles.path(folder);
        Suspects suspects = new Suspects(path, HadoopFiles.fileSystem(path, hadoop));
        suspects.list();
        return suspects;
    }

    private void list() throws IOException {
        FileStatus[] found;
        try {
            found = files.listStatus(folder);
        } catch (FileNotFoundException e) {
            return;
        }
        for (FileStatus file : found) {
            Matcher name = NAME.matcher(file.getPath().getName());
            faults |= file.getPath().getName().startsWith(FAULT);
            if (name.matches()) {
                Loss.of(name.group(3))
                        .ifPresent(loss -> marks.merge(
                                name.group(1),
                                List.of(new Mark(name.group(2), loss, file.getPath())),
                                Suspects::joined));
            }
        }
    }

    private static List<Mark> joined(List<Mark> some, List<Mark> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    /**
     * Records the loss of an executor that was its own doing.
     *
     * @param pictures that it had in its model, hashed
     */
    static void blame(String folder, Configuration hadoop, List<String> pictures) throws IOException {
        Path path = HadoopFiles.path(folder);
        Suspects suspects = new Suspects(path, HadoopFiles.fileSystem(path, hadoop));
        for (String picture : pictures) {
            suspects.write(picture, HAND, Loss.EXECUTOR);
        }
        suspects.files.create(new Path(path, FAULT + UUID.randomUUID()), false).close();
    }

    /** Whether executors have been lost by their own doing. */
    boolean hasFaults() {
        return faults;
    }

    boolean isSuspect(ImageRow image) {
        return marks.containsKey(hash(image.imageId()));
    }

    /** Why the picture is not to be decoded again. */
    Optional<RowFailure> verdict(ImageRow image) {
        return verdict(image, DECODE, Stage.DECODE);
    }

    /** Why the prompt is not to be run again. */
    Optional<RowFailure> verdict(ImageRow image, PromptRow prompt) {
        return verdict(image, scope(prompt), Stage.PROMPT);
    }

    private Optional<RowFailure> verdict(ImageRow image, String scope, Stage stage) {
        List<Mark> ofImage = marks.getOrDefault(hash(image.imageId()), List.of());
        List<Mark> own = ofImage.stream().filter(m -> m.scope().equals(scope)).toList();
        long all = own.size()
                + ofImage.stream().filter(m -> m.scope().equals(PICTURE)).count();
        return own.stream()
                .map(Mark::loss)
                .max(Loss::compareTo)
                .filter(worst -> worst == Loss.TIMEOUT || all >= PROOF)
                .map(worst -> new RowFailure(stage, worst.kind, worst.message));
    }

    /** The whole picture with its prompts, under one mark. */
    <T> T during(ImageRow image, Work<T> work) throws RowFailure, InterruptedException {
        return during(image, PICTURE, work);
    }

    <T> T duringDecode(ImageRow image, Work<T> work) throws RowFailure, InterruptedException {
        return during(image, DECODE, work);
    }

    <T> T during(ImageRow image, PromptRow prompt, Work<T> work) throws RowFailure, InterruptedException {
        return during(image, scope(prompt), work);
    }

    /** The mark stays when the JVM is in trouble, such as out of heap: Spark ends the process. */
    private <T> T during(ImageRow image, String scope, Work<T> work) throws RowFailure, InterruptedException {
        Path mark = write(image, scope, Loss.EXECUTOR);
        T result;
        try {
            result = work.run();
        } catch (RowFailure | InterruptedException | RuntimeException | LinkageError e) {
            delete(image, mark);
            throw e;
        }
        delete(image, mark);
        return result;
    }

    /** Records that the model was lost over these prompts, by a process that lived to tell. */
    void record(ImageRow image, List<PromptRow> prompts, Loss loss) {
        write(image, prompts.size() == 1 ? scope(prompts.get(0)) : PICTURE, loss);
    }

    /** Takes away the marks of a picture that got through alone, so that another loss does not count as its second. */
    void clear(ImageRow image) {
        marks.getOrDefault(hash(image.imageId()), List.of()).forEach(mark -> delete(image, mark.file()));
    }

    private Path write(ImageRow image, String scope, Loss loss) {
        return folder == null ? null : write(hash(image.imageId()), scope, loss);
    }

    private Path write(String picture, String scope, Loss loss) {
        Path mark = new Path(folder, picture + "." + scope + "." + loss.kind + "." + UUID.randomUUID());
        try {
            files.create(mark, false).close();
            return mark;
        } catch (IOException e) {
            throw new UncheckedIOException("the mark " + mark + " cannot be written: " + e.getMessage(), e);
        }
    }

    private void delete(ImageRow image, Path mark) {
        if (mark == null) {
            return;
        }
        try {
            files.delete(mark, false);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("image_id", image.imageId())
                    .log(
                            "Mark not removed: image_id={} mark={} message={}; the picture is none the worse for it",
                            image.imageId(),
                            mark,
                            e.getMessage());
        }
    }

    private static String scope(PromptRow prompt) {
        return "prompt-" + hash(prompt.promptId());
    }

    /** A picture, or a prompt, in names of files and messages. */
    static String hash(String id) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(String.valueOf(id).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16).toLowerCase(Locale.ROOT);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
