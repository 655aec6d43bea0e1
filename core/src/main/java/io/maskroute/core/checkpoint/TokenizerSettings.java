package io.maskroute.core.checkpoint;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One of the small JSON files beside a vocabulary.
 *
 * @param path the file, which may be absent
 * @param json the object in it; empty when it is absent
 */
record TokenizerSettings(Path path, JsonNode json) {
    /** A hundred times what such files have, chat templates included. */
    private static final long MAX_BYTES = 4L << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    static TokenizerSettings read(Path path) {
        return new TokenizerSettings(
                path,
                Files.isRegularFile(path)
                        ? TokenizerFile.read(path, MAX_BYTES).json(JSON::readTree)
                        : JSON.createObjectNode());
    }
}
