package io.maskroute.datasets.imports;

import io.maskroute.datasets.refcoco.GrefcocoImport;
import io.maskroute.datasets.refcoco.RefcocoImport;
import io.maskroute.datasets.shapesref.ShapesRefImport;
import io.maskroute.datasets.writer.DatasetImport;
import java.util.List;

/** The formats that can be imported. */
public final class DatasetImports {
    private DatasetImports() {}

    /** As help lists them. */
    public static List<DatasetImport> all() {
        return List.of(
                new ImagesImport(),
                new RefcocoImport(),
                new GrefcocoImport(),
                new ReasonsegImport(),
                new CocoInstancesImport(),
                new CocoPanopticImport(),
                new CocoInteractiveImport(),
                new Ade20kImport(),
                new DavisImport(),
                new HuggingfaceImport(),
                new ShapesRefImport());
    }
}
