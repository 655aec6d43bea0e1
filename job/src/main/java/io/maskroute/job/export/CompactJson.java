package io.maskroute.job.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.maskroute.datasets.mask.Rle;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON of several files. */
final class CompactJson {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private CompactJson() {}

    static String of(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** COCO's compressed RLE. */
    static Map<String, Object> rle(Rle mask) {
        Map<String, Object> rle = new LinkedHashMap<>();
        rle.put("size", List.of(mask.height(), mask.width()));
        rle.put("counts", mask.compressed());
        return rle;
    }
}
