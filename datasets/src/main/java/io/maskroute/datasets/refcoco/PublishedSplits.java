package io.maskroute.datasets.refcoco;

import io.maskroute.datasets.writer.ImportPlan;
import java.util.HashMap;
import java.util.Map;

/**
 * The sizes of the official splits, by the name that the import gives a dataset and the split. Sources: the demo notebook of
 * lichengunc/refer (sentences and refs in all), ETRIS issue 9 and the dataset cards of jxu124 (refs), TFDS (images); gRefCOCO as
 * counted from its release of 2024.
 */
final class PublishedSplits {
    private static final Map<String, ImportPlan.Published> SPLITS = new HashMap<>();

    static {
        put("RefCOCO", "refcoco-unc", "train", 16_994, 42_404, 120_624);
        put("RefCOCO", "refcoco-unc", "val", 1_500, 3_811, 10_834);
        put("RefCOCO", "refcoco-unc", "testA", 750, 1_975, 5_657);
        put("RefCOCO", "refcoco-unc", "testB", 750, 1_810, 5_095);
        put("RefCOCO+", "refcoco+-unc", "train", 16_992, 42_278, 120_191);
        put("RefCOCO+", "refcoco+-unc", "val", 1_500, 3_805, 10_758);
        put("RefCOCO+", "refcoco+-unc", "testA", 750, 1_975, 5_726);
        put("RefCOCO+", "refcoco+-unc", "testB", 750, 1_798, 4_889);
        put("RefCOCOg", "refcocog-umd", "train", 21_899, 42_226, 80_512);
        put("RefCOCOg", "refcocog-umd", "val", 1_300, 2_573, 4_896);
        put("RefCOCOg", "refcocog-umd", "test", 2_600, 5_023, 9_602);
        put("RefCOCOg", "refcocog-google", "train", 24_698, 44_822, 85_474);
        put("RefCOCOg", "refcocog-google", "val", 4_650, 5_000, 9_536);
        put("gRefCOCO", "grefcoco-unc", "train", 16_994, 78_930, 209_344);
        put("gRefCOCO", "grefcoco-unc", "val", 1_501, 4_237, 14_229);
        put("gRefCOCO", "grefcoco-unc", "testA", 750, 6_265, 19_200);
        put("gRefCOCO", "grefcoco-unc", "testB", 750, 4_618, 16_063);
    }

    private PublishedSplits() {}

    private static void put(String title, String name, String split, long images, long refs, long sentences) {
        SPLITS.put(
                name + "/" + split,
                new ImportPlan.Published(
                        title + " " + name.substring(name.lastIndexOf('-') + 1) + " " + split,
                        images,
                        refs,
                        sentences));
    }

    /** Null where there is none, or none is known. */
    static ImportPlan.Published of(String name, String split) {
        return SPLITS.get(name + "/" + split);
    }
}
