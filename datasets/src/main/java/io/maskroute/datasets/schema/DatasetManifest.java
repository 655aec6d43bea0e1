package io.maskroute.datasets.schema;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The file {@value #FILE_NAME} of a dataset folder. It is written last: a folder without it is not a complete dataset.
 *
 * @param formatVersion {@value #FORMAT_VERSION}
 * @param name such as {@code refcoco-unc}
 * @param split label of the split, or null
 * @param protocol of referring prompts, or null
 * @param groundTruthRaster of masks made from polygons, or null
 * @param orientation whether a picture's EXIF orientation turns it; truth and regions fit the picture as it is decoded so.
 *     Datasets of before it was recorded are {@code stored}
 * @param classSets vocabularies by name, for the column {@code class_set}
 * @param importerVersion of the maskroute that wrote it, or null
 * @param counts how much is in it, or null
 * @param sources the official files it was made from
 * @param answer the rule by which its protocol takes masks for an answer, or null
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DatasetManifest(
        @JsonProperty(required = true) int formatVersion,
        @JsonProperty(required = true) String name,
        String split,
        Protocol protocol,
        GroundTruthRaster groundTruthRaster,
        ExifOrientation orientation,
        Map<String, List<Category>> classSets,
        String importerVersion,
        Counts counts,
        List<SourceFile> sources,
        Answer answer) {
    public static final String FILE_NAME = "_maskroute.json";
    public static final int FORMAT_VERSION = 1;

    private static final int LARGEST_BYTES = 64 << 20;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    public DatasetManifest {
        orientation = orientation == null ? ExifOrientation.STORED : orientation;
        classSets = classSets == null ? Map.of() : Map.copyOf(classSets);
        sources = sources == null ? List.of() : List.copyOf(sources);
    }

    public DatasetManifest(
            int formatVersion,
            String name,
            String split,
            Protocol protocol,
            GroundTruthRaster groundTruthRaster,
            ExifOrientation orientation,
            Map<String, List<Category>> classSets,
            String importerVersion,
            Counts counts,
            List<SourceFile> sources) {
        this(
                formatVersion,
                name,
                split,
                protocol,
                groundTruthRaster,
                orientation,
                classSets,
                importerVersion,
                counts,
                sources,
                null);
    }

    /** A class of a vocabulary; the field names are the file's. */
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Category(int id, String name, @JsonProperty("is_thing") boolean isThing) implements Serializable {}

    /**
     * @param targets referred objects (a RefCOCO ref), or null
     * @param skipped entries of the official files that were left out, by reason
     * @param notes entries that were kept though something is odd about them, by what it is
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Counts(long images, Long targets, long prompts, Map<String, Long> skipped, Map<String, Long> notes) {
        public Counts {
            skipped = new TreeMap<>(skipped == null ? Map.of() : skipped);
            notes = new TreeMap<>(notes == null ? Map.of() : notes);
        }
    }

    /**
     * Which of a prompt's masks are its answer.
     *
     * @param rule best: the one that scores highest; union: all that score more than the threshold together, the best one where
     *     none does
     * @param threshold of union, 0 to 1; null for best
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Answer(String rule, Double threshold) {
        public static final Answer BEST = new Answer("best", null);

        public static Answer union(double threshold) {
            return new Answer("union", threshold);
        }
    }

    /** @param sha256 in hexadecimal */
    public record SourceFile(String name, long bytes, String sha256) {}

    /**
     * @param dataset folder: a path or a URI that Hadoop knows
     * @throws UnusableInputException when there is no such folder or file, or it cannot be understood
     */
    public static DatasetManifest read(String dataset, Configuration hadoop) {
        Path file = new Path(HadoopFiles.path(dataset), FILE_NAME);
        byte[] bytes;
        try {
            FileSystem files = HadoopFiles.fileSystem(file, hadoop);
            try (InputStream in = files.open(file)) {
                bytes = in.readNBytes(LARGEST_BYTES);
            } catch (FileNotFoundException e) {
                throw new UnusableInputException(
                        files.exists(file.getParent())
                                ? dataset + " is not a maskroute dataset: it has no " + FILE_NAME
                                        + " (an import that was cut short leaves none; import it again)"
                                : "There is no dataset " + dataset + ": name the folder of one",
                        e);
            }
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
        return parse(bytes, file.toString());
    }

    static DatasetManifest parse(byte[] bytes, String file) {
        try {
            JsonNode tree = JSON.readTree(bytes);
            JsonNode version = tree.path("format_version");
            if (!version.isInt()) {
                throw new UnusableInputException(file + " has no format_version");
            }
            if (version.intValue() != FORMAT_VERSION) {
                throw new UnusableInputException(
                        file + " has the format version " + version.intValue() + "; this maskroute reads "
                                + FORMAT_VERSION + ". Use a newer maskroute or import the data again");
            }
            DatasetManifest manifest = JSON.treeToValue(tree, DatasetManifest.class);
            if (manifest.name() == null) {
                throw new UnusableInputException(file + " has no name");
            }
            return manifest;
        } catch (JsonProcessingException e) {
            throw new UnusableInputException(file + " is not a dataset manifest: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * Writes the file into a folder, replacing one that is there.
     *
     * @throws UnusableInputException when the folder cannot be written
     */
    public void write(String dataset, Configuration hadoop) {
        Path file = new Path(HadoopFiles.path(dataset), FILE_NAME);
        try (OutputStream out = HadoopFiles.fileSystem(file, hadoop).create(file, true)) {
            out.write(JSON.writeValueAsBytes(this));
            out.write('\n');
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be written: " + Reason.of(e), e);
        }
    }
}
