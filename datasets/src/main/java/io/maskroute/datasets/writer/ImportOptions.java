package io.maskroute.datasets.writer;

import io.maskroute.core.image.ExifOrientation;
import io.maskroute.datasets.schema.GroundTruthRaster;
import io.maskroute.datasets.schema.Protocol;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The options of one import as they were given, with the defaults of those that were not. */
public final class ImportOptions {
    private final Map<String, String> values;

    private ImportOptions(Map<String, String> values) {
        this.values = values;
    }

    /**
     * @param options that the import knows, beside those that all have
     * @param given by the names of options; a flag's value is true
     * @throws BadOptionException when an option is not known, is missing, or has a value that it cannot have
     */
    public static ImportOptions of(List<ImportOption> options, Map<String, String> given) {
        Map<String, String> values = new HashMap<>();
        for (ImportOption option : options) {
            String value = given.getOrDefault(option.name(), option.fallback());
            if (value == null) {
                if (option.required()) {
                    throw new BadOptionException(option.name() + " is missing");
                }
                continue;
            }
            if (!option.choices().isEmpty() && !option.choices().contains(value)) {
                throw new BadOptionException(
                        option.name() + " must be " + String.join(" or ", option.choices()) + ", not '" + value + "'");
            }
            values.put(option.name(), value);
        }
        given.keySet().stream()
                .filter(name ->
                        options.stream().noneMatch(option -> option.name().equals(name)))
                .findFirst()
                .ifPresent(name -> {
                    throw new BadOptionException(name + " is no option of this import");
                });
        ImportOptions made = new ImportOptions(values);
        made.limit();
        return made;
    }

    /** What cannot be on a command line. */
    public static final class BadOptionException extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        public BadOptionException(String message) {
            super(message);
        }
    }

    /** Of an option that is required or has a default. */
    public String get(ImportOption option) {
        return find(option)
                .orElseThrow(() -> new IllegalArgumentException(option.name() + " has neither value nor default"));
    }

    public Optional<String> find(ImportOption option) {
        return Optional.ofNullable(values.get(option.name()));
    }

    public boolean has(ImportOption flag) {
        return "true".equals(values.get(flag.name()));
    }

    /** @throws BadOptionException when it is not a whole number in the range */
    public long whole(ImportOption option, long least, long most) {
        String text = get(option);
        try {
            long number = Long.parseLong(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new BadOptionException(
                option.name() + " must be a whole number between " + least + " and " + most + ", not '" + text + "'");
    }

    public Protocol protocol() {
        return labelled(ImportOption.PROTOCOL, Protocol.values());
    }

    public GroundTruthRaster raster() {
        return labelled(ImportOption.RASTER, GroundTruthRaster.values());
    }

    public ExifOrientation orientation() {
        return labelled(ImportOption.orientation(ExifOrientation.STORED), ExifOrientation.values());
    }

    private <E> E labelled(ImportOption option, E[] all) {
        String label = get(option);
        return Arrays.stream(all)
                .filter(value -> value.toString().equals(label))
                .findFirst()
                .orElseThrow();
    }

    public boolean embedImages() {
        return !has(ImportOption.LINK_IMAGES);
    }

    /** How many pictures are wanted. */
    public int limit() {
        return find(ImportOption.LIMIT).isEmpty()
                ? Integer.MAX_VALUE
                : (int) whole(ImportOption.LIMIT, 1, Integer.MAX_VALUE);
    }

    /** As many of the pictures as are wanted. */
    public <T> List<T> limited(List<T> pictures) {
        return pictures.subList(0, Math.min(limit(), pictures.size()));
    }

    public String output() {
        return get(ImportOption.OUTPUT);
    }

    public String name(String fallback) {
        return find(ImportOption.NAME).orElse(fallback);
    }
}
