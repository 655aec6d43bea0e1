package io.maskroute.datasets.refcoco;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportPlan;
import java.util.List;

/**
 * Official RefCOCO, RefCOCO+ or RefCOCOg files to a maskroute dataset.
 *
 * <p>One row per image, in ascending COCO image id; its prompts in the order of the refs file. {@code image_id} is the COCO
 * image id in decimal. {@code prompt_id} is {@code NAME-SPLIT-REFID-SENTID}, or {@code NAME-SPLIT-REFID} when the sentences
 * of a ref are joined, such as {@code refcoco-unc-val-48210-137502}: ref ids are unique in a refs file and sentence ids in
 * their ref, so it is unique, and it does not change from import to import. {@code texts} holds the field {@code sent}.
 */
public final class RefcocoImport implements DatasetImport {
    @Override
    public String name() {
        return "refcoco";
    }

    @Override
    public String description() {
        return "RefCOCO, RefCOCO+ and RefCOCOg from refs(*).p and instances.json.";
    }

    @Override
    public String example() {
        return "refcoco --refs \"refcoco/refs(unc).p\" --images coco/train2014 --split val --output data/refcoco-val";
    }

    @Override
    public List<ImportOption> options() {
        return RefsImport.options("refs(unc).p, refs(umd).p, …");
    }

    @Override
    public ImportPlan plan(Request request) {
        return new RefsImport(request, false)
                .plan()
                .answer(DatasetManifest.Answer.BEST)
                .build();
    }
}
