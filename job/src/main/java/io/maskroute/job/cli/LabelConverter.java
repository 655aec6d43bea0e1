package io.maskroute.job.cli;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an enum by the label it has in files, and lists the labels when none fits. */
abstract class LabelConverter<E extends Enum<E>> implements ITypeConverter<E> {
    private final E[] values;
    private final Function<E, String> label;
    private final String[] others;

    /** @param others what is read before this converter is asked; for its message */
    LabelConverter(E[] values, Function<E, String> label, String... others) {
        this.values = values;
        this.label = label;
        this.others = others;
    }

    @Override
    public E convert(String text) {
        return Arrays.stream(values)
                .filter(value -> label.apply(value).equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("must be "
                        + Stream.concat(
                                        Arrays.stream(others),
                                        Arrays.stream(values).map(label))
                                .collect(Collectors.joining(" or "))
                        + ", not '" + text + "'"));
    }
}
