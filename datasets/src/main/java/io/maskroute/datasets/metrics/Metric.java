package io.maskroute.datasets.metrics;

/** The figures of this package by the names they have in tables and files. All are fractions of 1. */
public enum Metric {
    CIOU("cIoU"),
    GIOU("gIoU"),
    PRECISION_50("Pr@0.5"),
    PRECISION_60("Pr@0.6"),
    PRECISION_70("Pr@0.7"),
    PRECISION_80("Pr@0.8"),
    PRECISION_90("Pr@0.9"),
    NO_TARGET_ACCURACY("N_acc"),
    TARGET_ACCURACY("T_acc"),
    PQ("PQ"),
    SQ("SQ"),
    RQ("RQ"),
    PQ_THINGS("PQ_things"),
    SQ_THINGS("SQ_things"),
    RQ_THINGS("RQ_things"),
    PQ_STUFF("PQ_stuff"),
    SQ_STUFF("SQ_stuff"),
    RQ_STUFF("RQ_stuff"),
    /** detectron2's rule: over the classes that the truth has. */
    MIOU("mIoU"),
    FREQUENCY_WEIGHTED_IOU("fwIoU"),
    MEAN_CLASS_ACCURACY("mACC"),
    PIXEL_ACCURACY("pACC"),
    /** mmsegmentation's rule: over the classes that truth or prediction have. */
    MIOU_MMSEG("mIoU_mmseg"),
    AP("AP"),
    AP50("AP50"),
    AP75("AP75"),
    AP_SMALL("APs"),
    AP_MEDIUM("APm"),
    AP_LARGE("APl"),
    AR1("AR1"),
    AR10("AR10"),
    AR100("AR100"),
    AR_SMALL("ARs"),
    AR_MEDIUM("ARm"),
    AR_LARGE("ARl"),
    J_AND_F("J&F"),
    J("J"),
    J_RECALL("J_recall"),
    /** How much worse the end of a sequence is than its beginning. */
    J_DECAY("J_decay"),
    F("F"),
    F_RECALL("F_recall"),
    F_DECAY("F_decay");

    private static final String FRACTION = "fraction";

    private final String label;

    Metric(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    public String unit() {
        return FRACTION;
    }

    /** {@code higher} or {@code lower}: which is better. */
    public String better() {
        return this == J_DECAY || this == F_DECAY ? "lower" : "higher";
    }
}
