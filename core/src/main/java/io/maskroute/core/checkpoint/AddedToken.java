package io.maskroute.core.checkpoint;

import static io.maskroute.core.checkpoint.TokenizerFile.shown;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.maskroute.core.error.UnusableInputException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A token that is found in a text as a whole, before the text is split into words. The fields are those of Hugging Face's
 * {@code tokenizers}.
 *
 * @param singleWord whether it counts only where no word goes on before or behind it
 * @param lstrip whether it takes the white space before it
 * @param rstrip whether it takes the white space behind it
 * @param normalized whether it is looked for later than those that are not, in the normalised text
 */
record AddedToken(
        String content, boolean singleWord, boolean lstrip, boolean rstrip, boolean normalized, boolean special) {
    /** What transformers makes of a token of which there is only the text. */
    static AddedToken of(String content, boolean special) {
        return new AddedToken(content, false, false, false, !special, special);
    }

    /**
     * What transformers makes of a token in one of its files: the text alone, or an object with all fields.
     *
     * @param file it is in, for messages
     * @param special whether it is, whatever the object says
     */
    static AddedToken of(Path file, JsonNode token, boolean special) {
        JsonNode content = token.isObject() ? token.path("content") : token;
        if (!content.isTextual() || content.textValue().isEmpty()) {
            throw new UnusableInputException(file + " has the special or added token " + shown(token.toString())
                    + ", expected a text or an object with a text as its content; fetch it again");
        }
        if (!token.isObject()) {
            return of(content.textValue(), special);
        }
        boolean whole = special || token.path("special").asBoolean();
        return new AddedToken(
                content.textValue(),
                token.path("single_word").asBoolean(),
                token.path("lstrip").asBoolean(),
                token.path("rstrip").asBoolean(),
                token.path("normalized").asBoolean(!whole),
                whole);
    }

    AddedToken asSpecial() {
        return new AddedToken(content, singleWord, lstrip, rstrip, normalized, true);
    }

    void write(JsonGenerator json, int id) throws IOException {
        json.writeStartObject();
        json.writeNumberField("id", id);
        json.writeStringField("content", content);
        json.writeBooleanField("single_word", singleWord);
        json.writeBooleanField("lstrip", lstrip);
        json.writeBooleanField("rstrip", rstrip);
        json.writeBooleanField("normalized", normalized);
        json.writeBooleanField("special", special);
        json.writeEndObject();
    }
}
