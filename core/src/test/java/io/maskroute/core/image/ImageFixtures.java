package io.maskroute.core.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.core.safetensors.Safetensors;
import io.maskroute.core.testing.Fixtures;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

final class ImageFixtures {
    private static final String FIXTURES = "fixtures/";

    private ImageFixtures() {}

    static byte[] bytes(String resource) throws IOException {
        return Files.readAllBytes(path(resource));
    }

    static JsonNode json(String resource) throws IOException {
        return new ObjectMapper().readTree(bytes(resource));
    }

    /** The entries of an index file's {@code files}. */
    static Stream<JsonNode> entries(String resource) throws IOException {
        return StreamSupport.stream(json(resource).get("files").spliterator(), false);
    }

    static Safetensors tensors(String resource) {
        return Safetensors.open(path(resource));
    }

    /** The picture in a tensor {@code [height, width, 3]} of bytes. */
    static RgbImage picture(Safetensors tensors, String name) {
        long[] shape = tensors.info(name).shape();
        return new RgbImage((int) shape[0], (int) shape[1], tensors.toByteArray(name));
    }

    private static Path path(String resource) {
        if (resource.startsWith(FIXTURES)) {
            return Fixtures.path(resource.substring(FIXTURES.length()));
        }
        try {
            return Path.of(ImageFixtures.class.getResource("/" + resource).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(resource, e);
        }
    }
}
