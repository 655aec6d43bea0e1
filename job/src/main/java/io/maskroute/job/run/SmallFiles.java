package io.maskroute.job.run;

import io.maskroute.datasets.parquet.DataFile;
import io.maskroute.datasets.parquet.ParquetFile;
import io.maskroute.datasets.parquet.RowSlice;
import io.maskroute.job.predictions.PredictionSchema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;

/** Joins what tasks have written into files of a size that readers like, before it counts. */
final class SmallFiles {
    private static final String POOL = "spark.scheduler.pool";

    private SmallFiles() {}

    /**
     * @param files in the folder of {@code writing}
     * @param writing of the joined ones
     * @param fileBytes that a file is aimed at
     * @return files with the same rows
     */
    static List<WrittenFile> join(
            SparkContext spark, List<WrittenFile> files, PredictionWriting writing, long fileBytes) {
        List<WrittenFile> done = new ArrayList<>();
        List<List<WrittenFile>> small = new ArrayList<>();
        for (List<WrittenFile> together : together(files, fileBytes)) {
            if (together.size() == 1) {
                done.addAll(together);
            } else {
                small.add(together);
            }
        }
        if (small.isEmpty()) {
            return done;
        }
        // Of a pool of its own, it need not wait until the tasks of all jobs before it have begun.
        String pool = spark.getLocalProperty(POOL);
        spark.setLocalProperty(POOL, "maskroute-files");
        try {
            done.addAll(JavaSparkContext.fromSparkContext(spark)
                    .parallelize(small, small.size())
                    .mapPartitionsWithIndex((task, of) -> writing.call(task, new Rows(of.next(), writing)), false)
                    .collect());
        } finally {
            spark.setLocalProperty(POOL, pool);
        }
        return done;
    }

    private static List<List<WrittenFile>> together(List<WrittenFile> files, long fileBytes) {
        List<List<WrittenFile>> all = new ArrayList<>();
        List<WrittenFile> some = new ArrayList<>();
        long bytes = 0;
        for (WrittenFile file : files) {
            if (!some.isEmpty() && bytes + file.bytes() > fileBytes) {
                all.add(some);
                some = new ArrayList<>();
                bytes = 0;
            }
            some.add(file);
            bytes += file.bytes();
        }
        if (!some.isEmpty()) {
            all.add(some);
        }
        return all;
    }

    /** The rows of some files, one after the other. */
    private static final class Rows implements Iterator<Row> {
        private final Iterator<WrittenFile> files;
        private final PredictionWriting writing;
        private ParquetFile open;
        private DataFile at;
        private int rowGroup;
        private Iterator<Row> rows = List.<Row>of().iterator();

        Rows(List<WrittenFile> files, PredictionWriting writing) {
            this.files = files.iterator();
            this.writing = writing;
        }

        @Override
        public boolean hasNext() {
            try {
                while (!rows.hasNext()) {
                    if (open == null) {
                        if (!files.hasNext()) {
                            return false;
                        }
                        WrittenFile file = files.next();
                        at = new DataFile(writing.path(file.name()), file.bytes(), 0);
                        open = ParquetFile.open(
                                at,
                                PredictionSchema.reading(),
                                writing.hadoop().value().value());
                        rowGroup = 0;
                    }
                    if (rowGroup == open.rowGroups().size()) {
                        open.close();
                        open = null;
                    } else {
                        long count = open.rowGroups().get(rowGroup).rows();
                        rows = open.rows(new RowSlice(at, rowGroup++, 0, count));
                    }
                }
                return true;
            } catch (IOException e) {
                throw new UncheckedIOException(e.getMessage(), e);
            }
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return rows.next();
        }
    }
}
