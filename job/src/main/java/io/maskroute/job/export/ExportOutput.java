package io.maskroute.job.export;

import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.job.storage.WholeFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Where one task writes to: files of their own, which appear whole, and entries of files that the driver strings together. A task that
 * is tried again writes its entries to other parts, and those of the try that ended count.
 */
final class ExportOutput {
    static final String PARTS = "_parts";

    private final Path folder;
    private final Configuration hadoop;
    private final WholeFiles whole;
    private final String attempt;
    private final Map<JoinedFile.Entries, Open> open = new LinkedHashMap<>();
    private final Map<String, JoinedFile.Entries> entries = new HashMap<>();
    private final TreeMap<String, Long> counts = new TreeMap<>();
    private final Map<ExportedPrompt, List<String>> files = new IdentityHashMap<>();

    private static final class Open {
        private final Path path;
        private final OutputStream out;
        private long written;

        Open(Path path, OutputStream out) {
            this.path = path;
            this.out = out;
        }
    }

    /**
     * What a task has written.
     *
     * @param parts paths of entries by their name, of those alone that have some
     * @param counts by what is counted, in words
     */
    record Written(int task, Map<String, String> parts, TreeMap<String, Long> counts) implements Serializable {}

    ExportOutput(String folder, int task, List<JoinedFile> files, Configuration hadoop) {
        this.folder = HadoopFiles.path(folder);
        this.hadoop = hadoop;
        this.whole = new WholeFiles(hadoop);
        this.attempt = String.format("%06d-%s", task, UUID.randomUUID());
        for (JoinedFile file : files) {
            for (JoinedFile.Piece piece : file.pieces()) {
                if (piece instanceof JoinedFile.Entries each) {
                    entries.put(each.name(), each);
                }
            }
        }
    }

    /** Adds an entry as JSON. */
    void json(String name, Object entry) throws IOException {
        text(name, CompactJson.of(entry));
    }

    /** Adds an entry that is text. */
    void text(String name, String entry) throws IOException {
        JoinedFile.Entries list = entries.get(name);
        Open part = open.get(list);
        if (part == null) {
            Path path = new Path(new Path(folder, PARTS), name + "-" + attempt);
            part = new Open(
                    path,
                    new BufferedOutputStream(
                            HadoopFiles.fileSystem(path, hadoop).create(path, true), 1 << 16));
            open.put(list, part);
        }
        if (part.written++ > 0) {
            part.out.write(list.separator().getBytes(StandardCharsets.UTF_8));
        }
        part.out.write(entry.getBytes(StandardCharsets.UTF_8));
    }

    /** Writes a file that is the prompt's own, or that it shares with others of its picture. */
    void file(String name, WholeFiles.Writing content, List<ExportedPrompt> prompts) throws IOException {
        whole.replace(new Path(folder, name), content);
        count("files");
        prompts.forEach(prompt ->
                files.computeIfAbsent(prompt, key -> new ArrayList<>()).add(name));
    }

    /** The files in which the prompt's masks are, since this was last asked. */
    List<String> takeFiles(ExportedPrompt prompt) {
        List<String> found = files.remove(prompt);
        return found == null ? List.of() : found;
    }

    void count(String what) {
        count(what, 1);
    }

    void count(String what, long more) {
        if (more > 0) {
            counts.merge(what, more, Long::sum);
        }
    }

    Written finish(int task) throws IOException {
        Map<String, String> parts = new HashMap<>();
        for (Map.Entry<JoinedFile.Entries, Open> each : open.entrySet()) {
            each.getValue().out.close();
            parts.put(each.getKey().name(), each.getValue().path.toString());
        }
        return new Written(task, parts, counts);
    }
}
