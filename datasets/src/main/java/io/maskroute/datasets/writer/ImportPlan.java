package io.maskroute.datasets.writer;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** What an import is going to write. */
public final class ImportPlan {
    private final Builder is;

    private ImportPlan(Builder builder) {
        this.is = builder;
        Objects.requireNonNull(is.name, "name");
        Objects.requireNonNull(is.rows, "rows");
    }

    public static Builder named(String name) {
        return new Builder(name);
    }

    /**
     * What is published of the size of a split, for people who compare.
     *
     * @param of such as {@code RefCOCO unc val}
     * @param targets or null
     * @param prompts per expression, or null
     */
    public record Published(String of, long images, Long targets, Long prompts) {}

    String name() {
        return is.name;
    }

    String split() {
        return is.split;
    }

    Protocol protocol() {
        return is.protocol;
    }

    GroundTruthRaster raster() {
        return is.raster;
    }

    ExifOrientation orientation() {
        return is.orientation;
    }

    Map<String, List<DatasetManifest.Category>> classSets() {
        return is.classSets;
    }

    List<DatasetManifest.SourceFile> sources() {
        return is.sources;
    }

    DatasetManifest.Answer answer() {
        return is.answer;
    }

    String targets() {
        return is.targets;
    }

    Published published() {
        return is.published;
    }

    String linked() {
        return is.linked;
    }

    JavaRDD<? extends RowBatch> rows() {
        return is.rows;
    }

    /** Only the name and the rows are needed. */
    public static final class Builder {
        private final String name;
        private String split;
        private Protocol protocol;
        private GroundTruthRaster raster;
        private ExifOrientation orientation = ExifOrientation.STORED;
        private final Map<String, List<DatasetManifest.Category>> classSets = new LinkedHashMap<>();
        private final List<DatasetManifest.SourceFile> sources = new ArrayList<>();
        private DatasetManifest.Answer answer;
        private String targets;
        private Published published;
        private String linked;
        private JavaRDD<? extends RowBatch> rows;

        private Builder(String name) {
            this.name = name;
        }

        public Builder split(String label) {
            split = label;
            return this;
        }

        /** Of referring prompts. */
        public Builder protocol(Protocol protocol) {
            this.protocol = protocol;
            return this;
        }

        /** Of masks that are made from polygons. */
        public Builder raster(GroundTruthRaster rule) {
            raster = rule;
            return this;
        }

        /** Default: stored. */
        public Builder orientation(ExifOrientation orientation) {
            this.orientation = orientation;
            return this;
        }

        public Builder classSet(String set, List<DatasetManifest.Category> categories) {
            if (!categories.isEmpty()) {
                classSets.put(set, categories);
            }
            return this;
        }

        public Builder source(DatasetManifest.SourceFile file) {
            sources.add(file);
            return this;
        }

        /** The rule by which the dataset's protocol takes masks for an answer. */
        public Builder answer(DatasetManifest.Answer answer) {
            this.answer = answer;
            return this;
        }

        /** What the rows' targets are called, such as {@code refs}; null where there is nothing to count but prompts. */
        public Builder targets(String plural) {
            targets = plural;
            return this;
        }

        /** Null where nothing is known. */
        public Builder published(Published published) {
            this.published = published;
            return this;
        }

        /** The rows, made anywhere. */
        public Builder rows(JavaRDD<? extends RowBatch> batches) {
            rows = batches;
            return this;
        }

        /** The rows, each list element in a task of its own. */
        public Builder rows(SparkSession spark, List<? extends RowBatch> batches) {
            rows = JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .parallelize(batches, Math.max(1, batches.size()));
            return this;
        }

        /**
         * The rows of pictures that lie in files.
         *
         * @param folder of the files, absolute, to be told where rows name them
         */
        public Builder pictures(DatasetImport.Request request, List<PlannedImage> images, String folder) {
            orientation = request.options().orientation();
            boolean embed = request.options().embedImages();
            linked = embed ? null : folder;
            return rows(request.spark(), PictureBatch.cut(request.options().limited(images), orientation, embed));
        }

        public ImportPlan build() {
            return new ImportPlan(this);
        }
    }
}
