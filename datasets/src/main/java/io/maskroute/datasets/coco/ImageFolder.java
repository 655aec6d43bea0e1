package io.maskroute.datasets.coco;

import io.maskroute.core.error.Reason;
import io.maskroute.core.error.UnusableInputException;
import io.maskroute.datasets.schema.HadoopFiles;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Where the image files are: published trees differ in the folders between their root and the files. */
public final class ImageFolder {
    private static final List<String> LAYOUTS = List.of(
            "",
            "train2014",
            "train2017",
            "val2017",
            "val2014",
            "images",
            "mscoco/images/train2014",
            "mscoco/train2014",
            "images/train2014",
            "images/mscoco/images/train2014",
            "images/mscoco/train2014");

    private static final int PROBES = 10;

    private final Path folder;

    private ImageFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * @param root the folder of the image files, or one that holds it in a known layout
     * @param fileNames of images that are wanted; the first few are looked for
     * @throws UnusableInputException when none of them is anywhere
     */
    public static ImageFolder find(String root, List<String> fileNames, Configuration hadoop) {
        Path rootPath = HadoopFiles.path(root);
        List<String> probes = fileNames.subList(0, Math.min(PROBES, fileNames.size()));
        try {
            FileSystem files = HadoopFiles.fileSystem(rootPath, hadoop);
            for (String layout : LAYOUTS) {
                Path folder = layout.isEmpty() ? rootPath : new Path(rootPath, layout);
                for (String probe : probes) {
                    if (files.exists(new Path(folder, probe))) {
                        return new ImageFolder(files.makeQualified(folder));
                    }
                }
            }
        } catch (IOException e) {
            throw new UnusableInputException("The image folder " + root + " cannot be read: " + Reason.of(e), e);
        }
        throw new UnusableInputException("The images are not in " + root + ": looked for " + String.join(", ", probes)
                + " there and in " + String.join(", ", LAYOUTS.subList(1, LAYOUTS.size()))
                + " below it. Name the folder that holds them");
    }

    /** Absolute; a URI unless it is on this machine. */
    public String path() {
        return "file".equals(folder.toUri().getScheme()) ? folder.toUri().getPath() : folder.toString();
    }

    /** Absolute, with its scheme. */
    public String uriOf(String fileName) {
        return new Path(folder, fileName).toString();
    }
}
