package io.maskroute.core.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, checked against the file's length before anything is allocated by its word. The
 * rules are those of the format's reference implementation: offsets cover the data area without holes or overlaps, and each
 * range has exactly the bytes of its shape.
 *
 * @param tensors in header order
 */
record SafetensorsHeader(Map<String, Entry> tensors, Map<String, String> metadata) {
    /** As in the reference implementation; a header of the published model takes 0.1 MB. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    /** Far above any real checkpoint; keeps a hostile header from filling the heap with entries. */
    static final int MAX_TENSORS = 200_000;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** @param begin from the start of the data area */
    record Entry(TensorInfo info, long begin, long end) {}

    /**
     * @param file for messages
     * @param dataLength bytes after the header
     */
    static SafetensorsHeader parse(String file, byte[] json, long dataLength) {
        if (json.length == 0 || json[0] != '{') {
            throw new UnusableInputException(file + " is not a safetensors file: its header is not a JSON object");
        }
        try (JsonParser parser = JSON.createParser(json)) {
            SafetensorsHeader header = new Parse(file, parser).header();
            if (parser.nextToken() != null) {
                throw new UnusableInputException(file + ": safetensors header has text after its JSON object");
            }
            header.requireFullCover(file, dataLength);
            return header;
        } catch (JsonProcessingException e) {
            throw new UnusableInputException(
                    file + ": safetensors header is not valid JSON: " + oneLine(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new UnusableInputException(file + ": safetensors header cannot be read: " + Reason.of(e), e);
        }
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("\\s+", " ");
        return line.length() <= 200 ? line : line.substring(0, 200) + "…";
    }

    private void requireFullCover(String file, long dataLength) {
        List<Map.Entry<String, Entry>> byOffset = new ArrayList<>(tensors.entrySet());
        byOffset.sort(Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin)
                .thenComparingLong(e -> e.getValue().end));
        long covered = 0;
        for (Map.Entry<String, Entry> named : byOffset) {
            Entry entry = named.getValue();
            String range =
                    file + ": tensor " + Names.quote(named.getKey()) + " at bytes " + entry.begin + ".." + entry.end;
            if (entry.end > dataLength) {
                throw new UnusableInputException(range + " reaches beyond the file, which holds " + dataLength
                        + " bytes of data; the file is truncated or damaged, fetch it again");
            }
            if (entry.begin != covered) {
                throw new UnusableInputException(
                        range + (entry.begin < covered ? " overlaps another tensor" : " leaves a hole before it"));
            }
            covered = entry.end;
        }
        if (covered != dataLength) {
            throw new UnusableInputException(file + ": " + (dataLength - covered)
                    + " bytes follow the last tensor; the file is damaged, fetch it again");
        }
    }

    /** One pass over the token stream. */
    private record Parse(String file, JsonParser parser) {
        SafetensorsHeader header() throws IOException {
            Map<String, Entry> tensors = new LinkedHashMap<>();
            Map<String, String> metadata = new LinkedHashMap<>();
            expect(parser.nextToken(), JsonToken.START_OBJECT, "the header", "an object");
            for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                if (name.equals("__metadata__")) {
                    metadata(metadata);
                } else {
                    tensors.put(name, entry(name));
                }
                if (tensors.size() > MAX_TENSORS) {
                    throw new UnusableInputException(file + ": more than " + MAX_TENSORS + " tensors");
                }
            }
            return new SafetensorsHeader(tensors, metadata);
        }

        private void metadata(Map<String, String> into) throws IOException {
            expect(parser.nextToken(), JsonToken.START_OBJECT, "__metadata__", "an object of strings");
            for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
                expect(parser.nextToken(), JsonToken.VALUE_STRING, "__metadata__", "an object of strings");
                into.put(key, parser.getText());
            }
        }

        private Entry entry(String name) throws IOException {
            String what = "tensor " + Names.quote(name);
            expect(parser.nextToken(), JsonToken.START_OBJECT, what, "an object");
            DType dtype = null;
            long[] shape = null;
            long[] offsets = null;
            for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
                parser.nextToken();
                switch (key) {
                    case "dtype" -> dtype = dtype(what);
                    case "shape" -> shape = numbers(what + ": shape");
                    case "data_offsets" -> offsets = numbers(what + ": data_offsets");
                    default -> throw new UnusableInputException(
                            file + ": " + what + " has an unknown field " + Names.quote(key));
                }
            }
            if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
                throw new UnusableInputException(file + ": " + what + " lacks dtype, shape or two data_offsets");
            }
            TensorInfo info;
            try {
                info = new TensorInfo(dtype, shape);
            } catch (IllegalArgumentException e) {
                throw new UnusableInputException(file + ": " + what + ": " + e.getMessage(), e);
            }
            if (offsets[1] < offsets[0] || offsets[1] - offsets[0] != info.byteLength()) {
                throw new UnusableInputException(file + ": " + what + " is " + info + " (" + info.byteLength()
                        + " bytes), but its data_offsets are " + Arrays.toString(offsets));
            }
            return new Entry(info, offsets[0], offsets[1]);
        }

        private DType dtype(String what) throws IOException {
            expect(parser.currentToken(), JsonToken.VALUE_STRING, what + ": dtype", "a string");
            String text = parser.getText();
            for (DType dtype : DType.values()) {
                if (dtype.name().equals(text)) {
                    return dtype;
                }
            }
            throw new UnusableInputException(file + ": " + what + " has dtype " + Names.quote(text) + "; known are "
                    + Arrays.toString(DType.values()));
        }

        private long[] numbers(String what) throws IOException {
            expect(parser.currentToken(), JsonToken.START_ARRAY, what, "an array of whole numbers of at least 0");
            List<Long> values = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                expect(
                        parser.currentToken(),
                        JsonToken.VALUE_NUMBER_INT,
                        what,
                        "an array of whole numbers of at least 0");
                boolean fits = parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
                if (!fits || parser.getLongValue() < 0) {
                    throw new UnusableInputException(
                            file + ": " + what + " holds a number that is negative or too large");
                }
                values.add(parser.getLongValue());
            }
            return values.stream().mapToLong(Long::longValue).toArray();
        }

        private void expect(JsonToken actual, JsonToken expected, String what, String wanted) {
            if (actual != expected) {
                throw new UnusableInputException(file + ": " + what + " is not " + wanted);
            }
        }
    }
}
