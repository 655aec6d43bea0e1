package io.maskroute.datasets.refcoco;

import io.maskroute.datasets.schema.DatasetManifest;
import io.maskroute.datasets.writer.DatasetImport;
import io.maskroute.datasets.writer.ImportOption;
import io.maskroute.datasets.writer.ImportPlan;
import java.util.List;

/**
 * Official gRefCOCO files to a maskroute dataset, as {@link RefcocoImport}; a ref means any number of objects, or none in its
 * picture. There are several versions of the file, with other counts: the manifest's checksum says which it was.
 */
public final class GrefcocoImport implements DatasetImport {
    /** Of PSALM's eval_grefcoco.py: masks that score more are the answer together, the best one where none does. */
    private static final double THRESHOLD = 0.6;

    @Override
    public String name() {
        return "grefcoco";
    }

    @Override
    public String description() {
        return "gRefCOCO from grefs(unc).json and instances.json: sentences that mean several objects, or none.";
    }

    @Override
    public String example() {
        return "grefcoco --refs \"grefcoco/grefs(unc).json\" --images coco/train2014 --split val --output data/grefcoco-val";
    }

    @Override
    public List<ImportOption> options() {
        return RefsImport.options("grefs(unc).json, or the same as a pickle");
    }

    @Override
    public ImportPlan plan(Request request) {
        return new RefsImport(request, true)
                .plan()
                .answer(DatasetManifest.Answer.union(THRESHOLD))
                .build();
    }
}
