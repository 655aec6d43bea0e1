package io.maskroute.datasets.imports;

import io.maskroute.datasets.schema.EncodedMask;
import io.maskroute.datasets.writer.Findings;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A picture of a hub's files with everything that rows ask about it.
 *
 * @param order of its first row among all
 * @param image encoded; null where the row has none
 * @param asked in the order of the rows
 * @param findings of its rows
 */
record HubPicture(String imageId, long order, byte[] image, List<Asked> asked, Findings findings)
        implements Serializable {
    /**
     * @param order of the row
     * @param mask null where there is none, or none that can be used
     * @param problem of the mask, or null
     * @param annotationId or null
     */
    record Asked(long order, List<String> texts, EncodedMask mask, String problem, Long annotationId)
            implements Serializable {}

    /** The same picture, of the rows of both. */
    HubPicture with(HubPicture other) {
        HubPicture first = order <= other.order ? this : other;
        HubPicture second = first == this ? other : this;
        List<Asked> all = new ArrayList<>(first.asked);
        Findings found = new Findings();
        found.add(first.findings);
        found.add(second.findings);
        if (Arrays.equals(image, other.image)) {
            all.addAll(second.asked);
            all.sort((a, b) -> Long.compare(a.order(), b.order()));
        } else {
            found.skip(
                    "other-picture",
                    "image " + imageId + ": a row has another picture under the same id; the first one counts");
        }
        return new HubPicture(imageId, first.order, first.image, all, found);
    }
}
