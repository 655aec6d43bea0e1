package io.maskroute.datasets.imports;

import static org.apache.spark.sql.functions.col;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.RowFailure;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.core.image.ExifOrientation;
import io.maskroute.core.image.ImageHeader;
import io.maskroute.core.image.Orientation;
import io.maskroute.core.task.ReferringTask;
import io.maskroute.datasets.coco.FileKind;
import io.maskroute.datasets.mask.InvalidRleException;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.HadoopFiles;
import io.maskroute.datasets.schema.ImageRow;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Protocol;
import io.maskroute.datasets.schema.Truth;
import io.maskroute.datasets.schema.TruthMask;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.Findings;
import io.maskroute.datasets.writer.HashedInput;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportPlan;
import io.maskroute.datasets.writer.PromptMaker;
import io.maskroute.datasets.writer.RowBatch;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.Tuple2;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Parquet as dataset hubs hold it: a row for each object or for each picture, the picture's bytes in it. Rows of one picture become one
 * row. {@code image_id} is the column of that name, else COCO's number where the file's name has one, else the beginning of the
 * picture's SHA-256; {@code prompt_id} adds the object's and the sentence's number in the picture.
 */
final class HuggingfaceImport implements DatasetImport {
    private static final ImportOption FILES =
            ImportOption.required("--files", "FILE|DIR", "A Parquet file, or a folder of them.");
    private static final ImportOption IMAGE_COLUMN =
            ImportOption.optional("--image-column", "NAME", "Column with the pictures; default: guessed.");
    private static final ImportOption TEXT_COLUMN = ImportOption.optional(
            "--text-column", "NAME", "Column with the texts, perhaps in a list (samples.sentences); default: guessed.");
    private static final ImportOption MASK_COLUMN = ImportOption.optional(
            "--mask-column", "NAME", "Column with the masks, likewise; default: guessed, and none is no mistake.");
    private static final ImportOption SPLIT =
            ImportOption.optional("--split", "LABEL", "Recorded in the dataset; files of hubs often mix splits.");

    private static final Pattern COCO_NAME = Pattern.compile(".*?(\\d{12})(?:_\\d+)?\\.[A-Za-z]+");
    private static final String FILE = "__file";
    private static final String INDEX = "__index";
    private static final long ROWS_PER_FILE = 1L << 40;
    private static final long BYTES_PER_TASK = 64L << 20;

    @Override
    public String name() {
        return "huggingface";
    }

    @Override
    public String description() {
        return "Parquet of a dataset hub: pictures with texts, and masks as polygons, run lengths, truth values or PNG.";
    }

    @Override
    public String example() {
        return "huggingface --files data/RefCOCO/val-00000-of-00001.parquet --output data/refcoco-val";
    }

    @Override
    public List<ImportOption> options() {
        return List.of(
                FILES,
                IMAGE_COLUMN,
                TEXT_COLUMN,
                MASK_COLUMN,
                SPLIT,
                ImportOption.PROTOCOL,
                ImportOption.RASTER,
                ImportOption.orientation(ExifOrientation.APPLY),
                ImportOption.KEEP_EMPTY);
    }

    @Override
    public ImportPlan plan(Request request) {
        String given = request.options().get(FILES);
        List<FileStatus> files = files(given, request.hadoop());
        ImportPlan.Builder plan = ImportPlan.named(request.options()
                        .name(StoredFile.stem(HadoopFiles.path(given).getName())))
                .split(request.options().find(SPLIT).orElse(null))
                .protocol(request.options().protocol())
                .raster(request.options().raster())
                .orientation(request.options().orientation())
                .targets("objects");
        for (FileStatus file : files) {
            plan.source(hashed(file.getPath(), request.hadoop()));
        }
        // Spark reads a path as a pattern unless its letters are escaped.
        String[] paths = files.stream()
                .map(file -> file.getPath().toString().replaceAll("([\\[\\]{}*?\\\\])", "\\\\$1"))
                .toArray(String[]::new);
        Dataset<Row> stored = request.spark().read().parquet(paths);
        if (Arrays.asList(stored.schema().fieldNames()).contains("prompts")) {
            throw new UnusableInputException(given + " is a maskroute dataset already, or a part of one");
        }
        HubColumns columns = HubColumns.find(
                stored.schema(),
                given,
                request.options().find(IMAGE_COLUMN),
                request.options().find(TEXT_COLUMN),
                request.options().find(MASK_COLUMN));
        if (columns.mask() == null) {
            request.findings().note("no-masks", given + " has no column that looks like masks: prompts have no truth");
        }
        List<String> order =
                files.stream().map(file -> file.getPath().getName()).toList();
        JavaRDD<Row> rows = stored.select(
                        col("*"),
                        col("_metadata.file_name").alias(FILE),
                        col("_metadata.row_index").alias(INDEX))
                .javaRDD();
        int tasks =
                (int) Math.max(1, files.stream().mapToLong(FileStatus::getLen).sum() / BYTES_PER_TASK);
        GroundTruthRaster raster = request.options().raster();
        JavaPairRDD<String, HubPicture> byId = rows.mapToPair(row -> {
            HubPicture picture = picture(row, columns, order, raster);
            return new Tuple2<>(picture.imageId(), picture);
        });
        JavaRDD<HubPicture> pictures =
                byId.reduceByKey(HubPicture::with, tasks).values().sortBy(HubPicture::order, true, tasks);
        int limit = request.options().limit();
        if (limit < Integer.MAX_VALUE) {
            pictures = pictures.zipWithIndex()
                    .filter(picture -> picture._2() < limit)
                    .keys();
        }
        Rules rules = new Rules(
                request.options().protocol(),
                request.options().orientation(),
                request.options().has(ImportOption.KEEP_EMPTY),
                request.options().find(SPLIT).orElse(null));
        return plan.rows(pictures.mapPartitions(partition ->
                        List.<RowBatch>of(new Pictures(partition, rules)).iterator()))
                .build();
    }

    private static List<FileStatus> files(String given, Configuration hadoop) {
        Path path = HadoopFiles.path(given);
        try {
            FileSystem fileSystem = HadoopFiles.fileSystem(path, hadoop);
            if (!fileSystem.exists(path)) {
                throw new UnusableInputException("There is no file or folder " + given);
            }
            List<FileStatus> files = Arrays.stream(fileSystem.listStatus(path))
                    .filter(FileStatus::isFile)
                    .filter(file -> file.getPath().equals(fileSystem.makeQualified(path))
                            || file.getPath().getName().endsWith(".parquet"))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new UnusableInputException("The folder " + given + " holds no Parquet files (*.parquet)");
            }
            for (FileStatus file : files) {
                requireParquet(file.getPath(), fileSystem, hadoop);
            }
            return files;
        } catch (IOException e) {
            throw new UnusableInputException(given + " cannot be read: " + Reason.of(e), e);
        }
    }

    private static void requireParquet(Path file, FileSystem files, Configuration hadoop) throws IOException {
        try (InputStream in = files.open(file)) {
            if (!new String(in.readNBytes(4), StandardCharsets.ISO_8859_1).equals("PAR1")) {
                throw new UnusableInputException(
                        FileKind.explain(file + " is no Parquet file", file.toString(), "huggingface", hadoop));
            }
        }
    }

    private static DatasetManifest.SourceFile hashed(Path file, Configuration hadoop) {
        try (HashedInput in = HashedInput.open(file.toString(), "Parquet file", hadoop)) {
            in.transferTo(OutputStream.nullOutputStream());
            return in.sourceFile();
        } catch (IOException e) {
            throw new UnusableInputException(file + " cannot be read: " + Reason.of(e), e);
        }
    }

    /** Masks become run lengths here: as Spark gives them they are too large to be sent about. */
    private static HubPicture picture(Row row, HubColumns columns, List<String> files, GroundTruthRaster raster) {
        long order = files.indexOf(row.<String>getAs(FILE)) * ROWS_PER_FILE + row.<Long>getAs(INDEX);
        Object stored = row.getAs(columns.image());
        byte[] image = stored instanceof Row struct ? struct.getAs("bytes") : (byte[]) stored;
        PromptMaker.Size size = size(image);
        List<HubPicture.Asked> asked = new ArrayList<>();
        if (columns.samples() == null) {
            asked.add(asked(row, order, columns, size, raster));
        } else if (row.getAs(columns.samples()) instanceof Seq<?> samples) {
            for (Object sample : CollectionConverters.asJava(samples)) {
                if (sample instanceof Row inside) {
                    asked.add(asked(inside, order, columns, size, raster));
                }
            }
        }
        return new HubPicture(id(row, stored, image, order), order, image, asked, new Findings());
    }

    private static PromptMaker.Size size(byte[] image) {
        if (image != null) {
            try {
                ImageHeader header = ImageHeader.of(image);
                return new PromptMaker.Size(header.height(), header.width());
            } catch (RowFailure e) {
                // Said when the picture's row is made.
            }
        }
        return PromptMaker.Size.UNKNOWN;
    }

    private static HubPicture.Asked asked(
            Row row, long order, HubColumns columns, PromptMaker.Size size, GroundTruthRaster raster) {
        List<String> texts = new ArrayList<>();
        Object value = row.getAs(columns.texts());
        if (value instanceof Seq<?> list) {
            for (Object text : CollectionConverters.asJava(list)) {
                texts.add(text instanceof Row sentence ? sentence.getAs("sent") : (String) text);
            }
        } else {
            texts.add((String) value);
        }
        Long id = null;
        if (columns.id() != null && row.getAs(columns.id()) != null) {
            String text = String.valueOf(row.<Object>getAs(columns.id()));
            id = text.matches("-?\\d{1,18}") ? Long.valueOf(text) : null;
        }
        Object mask = columns.mask() == null ? null : row.getAs(columns.mask());
        if (mask == null) {
            return new HubPicture.Asked(order, texts, null, null, id);
        }
        try {
            if (!size.isKnown()) {
                throw new InvalidRleException("the picture's size is not known");
            }
            return new HubPicture.Asked(order, texts, EncodedMask.of(HubMasks.read(mask, size, raster)), null, id);
        } catch (InvalidRleException e) {
            return new HubPicture.Asked(order, texts, null, e.getMessage(), id);
        }
    }

    private static String id(Row row, Object stored, byte[] image, long order) {
        List<String> names = Arrays.asList(row.schema().fieldNames());
        if (names.contains("image_id") && row.getAs("image_id") != null) {
            return String.valueOf(row.<Object>getAs("image_id"));
        }
        String name = Optional.ofNullable(names.contains("file_name") ? row.<Object>getAs("file_name") : null)
                .or(() -> stored instanceof Row struct
                                && Arrays.asList(struct.schema().fieldNames()).contains("path")
                        ? Optional.ofNullable(struct.getAs("path"))
                        : Optional.empty())
                .map(Object::toString)
                .orElse("");
        Matcher coco = COCO_NAME.matcher(name);
        if (coco.matches()) {
            return Long.toString(Long.parseLong(coco.group(1)));
        }
        return image == null ? "row-" + order : hash(image);
    }

    private static String hash(byte[] image) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(image))
                    .substring(0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private record Rules(Protocol protocol, ExifOrientation orientation, boolean keepEmpty, String split)
            implements Serializable {}

    /** The pictures of a task, made there: it is never sent anywhere. */
    private static final class Pictures implements RowBatch {
        private static final long serialVersionUID = 1;

        private final transient Iterator<HubPicture> pictures;
        private final transient Rules rules;

        Pictures(Iterator<HubPicture> pictures, Rules rules) {
            this.pictures = pictures;
            this.rules = rules;
        }

        @Override
        public void make(Rows rows, Findings findings, Configuration hadoop) throws IOException {
            while (pictures.hasNext()) {
                HubPicture picture = pictures.next();
                findings.add(picture.findings());
                make(picture, rows, findings);
            }
        }

        private void make(HubPicture picture, Rows rows, Findings findings) throws IOException {
            String what = "image " + picture.imageId();
            PromptMaker.Size size = PromptMaker.Size.UNKNOWN;
            Orientation orientation = Orientation.TOP_LEFT;
            if (picture.image() == null) {
                findings.skip("missing-image", what + ": the row holds no picture");
                return;
            }
            try {
                ImageHeader header = ImageHeader.of(picture.image());
                size = new PromptMaker.Size(header.height(), header.width());
                orientation = header.orientation();
            } catch (RowFailure e) {
                findings.note("unreadable-image-header", what + ": " + e.getMessage());
            }
            List<PromptRow> prompts = new ArrayList<>();
            int objects = 0;
            for (int i = 0; i < picture.asked().size(); i++) {
                int before = prompts.size();
                add(picture.asked().get(i), picture.imageId() + "-" + i, prompts, findings);
                objects += prompts.size() > before ? 1 : 0;
            }
            if (prompts.isEmpty()) {
                findings.skip("no-sentences", what + " has no text that can be used");
                return;
            }
            PromptMaker.Made made = new PromptMaker.Made(size, prompts, objects);
            if (rules.orientation() == ExifOrientation.APPLY && orientation != Orientation.TOP_LEFT) {
                findings.note("turned-masks", what + " has EXIF orientation " + orientation.value());
                made = made.turned(orientation);
            }
            rows.add(
                    new ImageRow(picture.imageId(), picture.image(), null, made.prompts(), rules.split(), null, null),
                    objects);
        }

        private void add(HubPicture.Asked asked, String id, List<PromptRow> prompts, Findings findings) {
            List<String> texts = new ArrayList<>();
            for (String text : asked.texts()) {
                if (text == null || ReferringTask.isEmpty(text)) {
                    if (!rules.keepEmpty()) {
                        findings.skip("empty-sentence", id + " has a text without words");
                        continue;
                    }
                    findings.note("empty-sentence", id + " has a text without words");
                }
                texts.add(text == null ? "" : text.strip());
            }
            if (asked.problem() != null) {
                findings.skip("bad-mask", id + ": " + asked.problem());
                return;
            }
            Truth truth = truth(asked, id, findings);
            if (rules.protocol() == Protocol.JOINED) {
                if (!texts.isEmpty()) {
                    prompts.add(PromptRow.referring(id, texts, truth));
                }
                return;
            }
            for (int i = 0; i < texts.size(); i++) {
                prompts.add(PromptRow.referring(id + "-" + i, List.of(texts.get(i)), truth));
            }
        }

        private static Truth truth(HubPicture.Asked asked, String id, Findings findings) {
            if (asked.mask() == null) {
                return null;
            }
            if (asked.mask().decode().area() == 0) {
                findings.note("empty-mask", id + " covers no pixel");
            }
            return new Truth(false, List.of(new TruthMask(asked.mask(), null, false, asked.annotationId())));
        }
    }
}
