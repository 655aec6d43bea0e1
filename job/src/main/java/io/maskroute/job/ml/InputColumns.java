package io.maskroute.job.ml;

import io.maskroute.datasets.schema.DatasetSchema;
import io.maskroute.datasets.schema.ImageRowReader;
import io.maskroute.datasets.schema.PromptTask;
import io.maskroute.job.predictions.PredictionSchema;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegralType;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Which columns of a data frame hold what, and its rows in the form of a dataset's.
 *
 * @param id column of the picture's name, or {@link #ABSENT}
 * @param image column of encoded bytes, or {@link #ABSENT}
 * @param imageUri column of URIs, or {@link #ABSENT}
 * @param prompts column of what is asked, or {@link #ABSENT} where all rows are asked the same
 * @param form of that column
 * @param task of rows that hold no dataset's prompts
 * @param rowSchema of {@link #datasetRow}
 */
record InputColumns(int id, int image, int imageUri, int prompts, Form form, PromptTask task, StructType rowSchema)
        implements Serializable {
    static final List<String> DEFAULT = List.of(DatasetSchema.IMAGE, DatasetSchema.IMAGE_URI, DatasetSchema.PROMPTS);

    /** Name of the vocabulary that all rows are asked for. */
    static final String CLASSES = "classes";

    private static final int ABSENT = -1;

    private static final StructType ONE_PROMPT = new StructType()
            .add(DatasetSchema.PROMPT_ID, DataTypes.StringType)
            .add(DatasetSchema.TASK, DataTypes.StringType)
            .add(DatasetSchema.TEXTS, new ArrayType(DataTypes.StringType, true))
            .add(DatasetSchema.CLASS_SET, DataTypes.StringType);

    /** What a row asks. */
    enum Form {
        /** One sentence: one prediction. */
        TEXT,
        /** Sentences that mean the same object, together: one prediction. */
        TEXTS,
        /** A dataset's prompts: a prediction of each. */
        PROMPTS,
        /** Nothing, for the classes are the same for all rows: one prediction. */
        CLASSES;

        DataType output() {
            return this == PROMPTS ? new ArrayType(PredictionSchema.struct(), false) : PredictionSchema.struct();
        }
    }

    /**
     * @param names one or two columns of pictures, then one of prompts unless the task asks for classes; null for those of a dataset
     *     that are there
     * @param idName column of the picture's name; null for a dataset's if it is there
     * @throws IllegalArgumentException when a column is missing or has another type
     */
    static InputColumns of(StructType schema, String[] names, String idName, PromptTask task) {
        boolean classes = task != PromptTask.REFERRING;
        List<String> columns = names == null
                ? DEFAULT.stream()
                        .filter(Arrays.asList(schema.fieldNames())::contains)
                        .filter(name -> !classes || !name.equals(DatasetSchema.PROMPTS))
                        // pyarrow writes a column of nulls without a type.
                        .filter(name -> !type(schema, name).equals(DataTypes.NullType))
                        .toList()
                : List.of(names);
        int asked = classes ? 0 : 1;
        if (columns.size() < 1 + asked || columns.size() > 2 + asked) {
            throw new IllegalArgumentException("RoutedSegmenter: inputCols must name one or two columns of pictures"
                    + " (encoded bytes, URIs)" + (classes ? "" : " and then one of prompts or text") + ", not "
                    + columns + "; the columns are "
                    + Arrays.toString(schema.fieldNames()));
        }
        int image = ABSENT;
        int imageUri = ABSENT;
        for (String name : columns.subList(0, columns.size() - asked)) {
            DataType type = type(schema, name);
            if (type.equals(DataTypes.BinaryType) && image == ABSENT) {
                image = schema.fieldIndex(name);
            } else if (type.equals(DataTypes.StringType) && imageUri == ABSENT) {
                imageUri = schema.fieldIndex(name);
            } else {
                throw wrongType(name, type, "binary (encoded bytes) or string (a URI), each once");
            }
        }
        String name = columns.get(columns.size() - 1);
        Form form = classes ? Form.CLASSES : form(name, type(schema, name));
        DataType prompts = form == Form.PROMPTS ? type(schema, name) : new ArrayType(ONE_PROMPT, false);
        return new InputColumns(
                id(schema, idName),
                image,
                imageUri,
                classes ? ABSENT : schema.fieldIndex(name),
                form,
                task,
                new StructType()
                        .add(DatasetSchema.IMAGE_ID, DataTypes.StringType)
                        .add(DatasetSchema.IMAGE, DataTypes.BinaryType)
                        .add(DatasetSchema.IMAGE_URI, DataTypes.StringType)
                        .add(DatasetSchema.PROMPTS, prompts));
    }

    private static Form form(String name, DataType type) {
        if (type.equals(DataTypes.StringType)) {
            return Form.TEXT;
        }
        if (type instanceof ArrayType array) {
            if (array.elementType().equals(DataTypes.StringType)) {
                return Form.TEXTS;
            }
            if (array.elementType() instanceof StructType) {
                return Form.PROMPTS;
            }
        }
        throw wrongType(
                name, type, "string (a sentence), array<string> (sentences) or array<struct> (a dataset's prompts)");
    }

    private static int id(StructType schema, String name) {
        if (name == null) {
            boolean named = Arrays.asList(schema.fieldNames()).contains(DatasetSchema.IMAGE_ID);
            return named ? id(schema, DatasetSchema.IMAGE_ID) : ABSENT;
        }
        DataType type = type(schema, name);
        if (!type.equals(DataTypes.StringType) && !(type instanceof IntegralType)) {
            throw wrongType(name, type, "string or an integer (the picture's name)");
        }
        return schema.fieldIndex(name);
    }

    private static DataType type(StructType schema, String name) {
        if (!Arrays.asList(schema.fieldNames()).contains(name)) {
            throw new IllegalArgumentException("RoutedSegmenter: there is no column " + name + "; the columns are "
                    + Arrays.toString(schema.fieldNames()));
        }
        return schema.apply(name).dataType();
    }

    private static IllegalArgumentException wrongType(String name, DataType found, String expected) {
        return new IllegalArgumentException("RoutedSegmenter: the column " + name + " has the type "
                + found.simpleString() + ", expected " + expected);
    }

    /** @throws io.maskroute.core.error.UnusableInputException when the prompts lack a column of a dataset's */
    ImageRowReader reader() {
        return ImageRowReader.of(rowSchema, "RoutedSegmenter's input");
    }

    /**
     * The row as a dataset would have it.
     *
     * @param partition of the row; with {@code number} its picture's name if no column has one
     */
    Row datasetRow(Row row, int partition, long number) {
        String name = id == ABSENT
                ? String.format(Locale.ROOT, "partition-%05d-row-%d", partition, number)
                : row.isNullAt(id) ? null : String.valueOf(row.get(id));
        return new GenericRowWithSchema(
                new Object[] {
                    name,
                    image == ABSENT ? null : row.get(image),
                    imageUri == ABSENT ? null : row.get(imageUri),
                    form == Form.PROMPTS ? row.get(prompts) : list(List.of(onePrompt(name, row)))
                },
                rowSchema);
    }

    private Row onePrompt(String name, Row row) {
        Object texts = form == Form.CLASSES ? list(List.of()) : row.get(prompts);
        if (form == Form.TEXT) {
            texts = list(texts == null ? List.of() : List.of(texts));
        }
        return new GenericRowWithSchema(
                new Object[] {name, task.label(), texts, form == Form.CLASSES ? CLASSES : null}, ONE_PROMPT);
    }

    private static Object list(List<?> values) {
        return CollectionConverters.asScala(values).toSeq();
    }

    /** The data frame's row with one more column. */
    Row append(Row row, List<Row> predictions) {
        List<Object> values = new ArrayList<>(row.size() + 1);
        for (int i = 0; i < row.size(); i++) {
            values.add(row.get(i));
        }
        values.add(form == Form.PROMPTS ? predictions.toArray(Row[]::new) : predictions.get(0));
        return RowFactory.create(values.toArray());
    }
}
