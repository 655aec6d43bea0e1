package io.maskroute.datasets.coco;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What a file is that was given where another kind was wanted, as far as its beginning shows it. */
public final class FileKind {
    private static final int LOOK_AT = 1 << 20;
    private static final int DEEPEST = 3;

    private FileKind() {}

    /** One clause that says what it is and what reads it; empty where it cannot be told. */
    public static Optional<String> of(String file, Configuration hadoop) {
        Path path = HadoopFiles.path(file);
        try (InputStream in = HadoopFiles.fileSystem(path, hadoop).open(path)) {
            return of(in.readNBytes(LOOK_AT));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The message with what the file is behind it, where that can be told.
     *
     * @param wanted the import that was asked for: that it reads the file is no help
     */
    public static String explain(String message, String file, String wanted, Configuration hadoop) {
        return of(file, hadoop)
                .filter(kind -> !kind.contains("`import " + wanted + " "))
                .map(kind -> message + "; " + kind)
                .orElse(message);
    }

    static Optional<String> of(byte[] start) {
        String text = new String(start, 0, Math.min(start.length, 64), StandardCharsets.ISO_8859_1);
        if (start.length == 0) {
            return Optional.of("it is empty");
        }
        if (text.startsWith("PAR1")) {
            return Optional.of("this is a Parquet file: `import huggingface` reads such");
        }
        if (text.startsWith("PK\u0003\u0004") || text.startsWith("\u001f\u008b")) {
            return Optional.of("this is an archive (zip or gzip): unpack it first");
        }
        if (text.startsWith("version https://git-lfs")) {
            return Optional.of("this is a Git LFS pointer, not the file itself: fetch it with `git lfs pull`");
        }
        if (text.stripLeading().startsWith("<")) {
            return Optional.of("this is a web page, as a server sends in place of a file: download it again");
        }
        if (text.startsWith("\u0080") || text.startsWith("(lp") || text.startsWith("](")) {
            return Optional.of("this is a pickle, such as refs(unc).p of RefCOCO: `import refcoco --refs` reads that");
        }
        return json(start);
    }

    private static Optional<String> json(byte[] start) {
        Set<String> names = new TreeSet<>();
        boolean list = false;
        try (JsonParser json = new JsonFactory().createParser(new ByteArrayInputStream(start))) {
            list = json.nextToken() == JsonToken.START_ARRAY;
            collect(json, names, list ? 1 : 0);
        } catch (IOException e) {
            // It ends where the look at it ends, or is broken there: what was found so far counts.
        }
        return Optional.ofNullable(list ? entries(names) : object(names));
    }

    /** The names of objects down to the annotations of an entry. */
    private static void collect(JsonParser json, Set<String> names, int depth) throws IOException {
        int level = 1;
        while (level > 0) {
            JsonToken token = json.nextToken();
            if (token == null) {
                return;
            }
            if (token.isStructStart()) {
                level++;
            } else if (token.isStructEnd()) {
                level--;
            } else if (token == JsonToken.FIELD_NAME && level <= depth + DEEPEST) {
                names.add(json.currentName());
            }
        }
    }

    private static String entries(Set<String> names) {
        if (names.contains("score") && names.contains("image_id")) {
            return "this is a COCO results file: `score coco` scores it";
        }
        if (names.contains("sentences") && names.contains("ann_id")) {
            return names.contains("no_target")
                    ? "this is a refs file of gRefCOCO: `import grefcoco --refs` reads it"
                    : "this is a refs file: `import refcoco --refs` reads it (gRefCOCO's: `import grefcoco`)";
        }
        if (names.contains("point_visual_prompt_mask")) {
            return "this is PSALM's COCO-Interactive file: `import coco-interactive --annotations` reads it";
        }
        if (names.contains("first_frame_image")) {
            return "this is PSALM's DAVIS file: `import davis --root` reads DAVIS itself";
        }
        if (names.contains("new_img_id") && names.contains("instruction")) {
            return names.contains("mask_classes")
                    ? "this is PSALM's instance file: `import coco-instances` reads COCO's own instances_*.json"
                    : "this is PSALM's referring file: `import refcoco` reads the official refs and instances.json";
        }
        return null;
    }

    private static String object(Set<String> names) {
        if (names.contains("format_version")) {
            return "this belongs to a maskroute dataset already";
        }
        if (names.contains("segments_info")) {
            return "this is a COCO panoptic file: `import coco-panoptic --annotations` reads it";
        }
        if (names.contains("refs") && names.contains("sentences")) {
            return "this is a refs file: `import refcoco --refs` reads it";
        }
        if (names.contains("caption")) {
            return "this is a COCO captions file, which has no masks";
        }
        if (names.contains("shapes")) {
            return names.contains("is_sentence")
                    ? "this is an annotation of ReasonSeg: `import reasonseg --root` reads the folder"
                    : "this is a LabelMe annotation, which is not read: export COCO JSON and use `import coco-instances`";
        }
        if (names.contains("images") && names.contains("annotations")) {
            return "this is a COCO instances file: `import coco-instances --annotations` reads it";
        }
        return null;
    }
}
