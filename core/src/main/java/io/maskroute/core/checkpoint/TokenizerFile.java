package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.maskroute.core.config.JsonFields;
import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The text of one of a tokenizer's files. Nobody knows yet what it holds, so it is read only up to a size, and as UTF-8 or not at
 * all.
 */
record TokenizerFile(Path path, String text) {
    /** The largest vocabularies in use have a quarter of it, GPT-2's a twentieth. */
    static final int MAX_TOKENS = 1 << 20;

    /** Every name in a vocabulary is another one: keeping them for the next file costs more than the file. */
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private static final int SHOWN_CHARS = 80;

    /** Reads one thing out of a JSON text. */
    @FunctionalInterface
    interface JsonReading<T> {
        /** @param json at the first token, which begins an object */
        T read(JsonParser json) throws IOException;
    }

    /** @throws UnusableInputException naming the file, when it cannot be read, is too large, or is not text at all */
    static TokenizerFile read(Path path, long mostBytes) {
        byte[] bytes;
        try {
            long size = Files.size(path);
            if (size > mostBytes) {
                throw new UnusableInputException(path + " has " + size + " bytes, and no such file has more than "
                        + mostBytes + "; fetch the file again that belongs to the model");
            }
            bytes = Files.readAllBytes(path);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be read: " + Reason.of(e), e);
        }
        ForeignFiles.recognise(bytes).ifPresent(what -> {
            throw new UnusableInputException(path + " " + what);
        });
        return new TokenizerFile(path, decode(path, bytes));
    }

    private static String decode(Path path, byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new UnusableInputException(
                    path + " is not UTF-8 from byte " + in.position() + " on; it is damaged, fetch it again");
        }
        return out.flip().toString();
    }

    byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What a reading makes of the JSON object that the text is. */
    <T> T json(JsonReading<T> reading) {
        try (JsonParser json = JSON.createParser(text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw refusal("does not hold a JSON object; fetch it again");
            }
            T read = reading.read(json);
            if (json.nextToken() != null) {
                throw refusal("goes on behind its JSON object; fetch it again");
            }
            return read;
        } catch (JsonProcessingException e) {
            throw JsonFields.invalid(path.toString(), e);
        } catch (IOException e) {
            throw new UnusableInputException(path + " cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * The object at which the parser is, with ids of tokens.
     *
     * @return in stored order; ids from 0
     */
    Map<String, Integer> ids(JsonParser json) throws IOException {
        Map<String, Integer> ids = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String token = json.currentName();
            json.nextToken();
            int id = id(json, () -> "the token " + shown(token));
            if (ids.put(token, id) != null) {
                throw refusal("has the token " + shown(token) + " twice; fetch it again");
            }
            requireBounded(ids.size());
        }
        return ids;
    }

    /**
     * The id at which the parser is.
     *
     * @param of whose it is, for the message
     */
    int id(JsonParser json, Supplier<String> of) throws IOException {
        JsonToken value = json.currentToken();
        boolean whole = value == JsonToken.VALUE_NUMBER_INT && json.getNumberType() == JsonParser.NumberType.INT;
        if (!whole || json.getIntValue() < 0) {
            throw refusal("gives " + of.get() + " the id "
                    + (value.isScalarValue() ? shown(json.getText()) : value.asString() + "…")
                    + ", expected a whole number from 0; fetch it again");
        }
        return json.getIntValue();
    }

    void requireBounded(int count) {
        if (count > MAX_TOKENS) {
            throw refusal("has more than " + MAX_TOKENS + " entries; fetch the file that belongs to the model");
        }
    }

    /** @param what follows the file's name */
    UnusableInputException refusal(String what) {
        return new UnusableInputException(path + " " + what);
    }

    /** A token for a message: of bounded length and in one line, whatever is in it. */
    static String shown(String token) {
        String cut = token.length() <= SHOWN_CHARS ? token : token.substring(0, SHOWN_CHARS) + "…";
        String quoted = new String(JsonStringEncoder.getInstance().quoteAsString(cut));
        return '"' + quoted.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?") + '"';
    }
}
