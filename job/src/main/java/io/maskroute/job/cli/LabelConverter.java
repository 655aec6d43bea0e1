package io.maskroute.job.cli;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an enum by the label it has in files, and lists the labels when none fits. */
abstract class LabelConverter<E extends Enum<E>> implements ITypeConverter<E> {
    private final E[] values;
    private final Function<E, String> label;

    LabelConverter(E[] values, Function<E, String> label) {
        this.values = values;
        this.label = label;
    }

    @Override
    public E convert(String text) {
        return Arrays.stream(values)
                .filter(value -> label.apply(value).equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("must be "
                        + Arrays.stream(values).map(label).collect(Collectors.joining(" or ")) + ", not '" + text
                        + "'"));
    }
}
