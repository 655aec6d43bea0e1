package io.maskroute.job.calibrate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.xxhash64;

import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.job.input.InputDataset;
import java.util.OptionalLong;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Which pictures are used, and which of them are held out: those whose image id has the lowest hashes (xxHash64). So neither
 * depends on how the dataset is cut into files or partitions.
 *
 * @param pictures that are used
 * @param heldOut of these
 * @param lastHeldOut highest hash of a held-out picture
 * @param last highest hash of a picture that is used
 * @param identity of all image ids: changes with any of them
 */
record PictureSample(long pictures, long heldOut, long lastHeldOut, long last, String identity) {
    /** Appended to the dataset's columns. */
    private static final String HASH = "_calibration_hash";

    static PictureSample of(InputDataset dataset, OptionalLong limit, double heldOutShare) {
        Dataset<Row> hashes = dataset.part(DatasetSchema.IMAGE_ID)
                .rows()
                .select(xxhash64(col(DatasetSchema.IMAGE_ID)).alias(HASH));
        Row all = hashes.agg(count(lit(1)), expr("bit_xor(" + HASH + ")")).first();
        long pictures = Math.min(all.getLong(0), limit.orElse(Long.MAX_VALUE));
        if (pictures < 2) {
            throw new UnusableInputException("the dataset " + dataset.path() + " gives " + pictures
                    + " pictures, but calibration needs one to fit to and one to measure errors on; give more");
        }
        long heldOut = Math.min(pictures - 1, Math.max(1, Math.round(heldOutShare * pictures)));
        return new PictureSample(
                pictures,
                heldOut,
                highest(hashes, heldOut),
                highest(hashes, pictures),
                all.getLong(0) + " pictures, " + Long.toHexString(all.getLong(1)));
    }

    private static long highest(Dataset<Row> hashes, long count) {
        return hashes.orderBy(HASH)
                .limit((int) Math.min(Integer.MAX_VALUE, count))
                .agg(max(HASH))
                .first()
                .getLong(0);
    }

    /** The dataset's rows that are used, with {@link #isHeldOut}'s column behind the others. */
    Dataset<Row> rows(InputDataset dataset) {
        return dataset.rows()
                .withColumn(HASH, xxhash64(col(DatasetSchema.IMAGE_ID)))
                .filter(col(HASH).leq(last));
    }

    static boolean isHeldOut(Row row, long lastHeldOut) {
        return row.getLong(row.size() - 1) <= lastHeldOut;
    }
}
