package io.maskroute.job.export;

import io.maskroute.datasets.schema.PromptTask;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Masks as PNG files. */
final class PngExport implements ExportFormat {
    private static final String MASK = "mask";
    private static final String PALETTE = "palette";
    private static final String LABELS = "labels";
    private static final String ENDING = ".png";

    /** Files and folders that are always there. */
    static final Set<String> TAKEN = Set.of(ExportRun.INDEX, ExportRun.FAILED, ExportOutput.PARTS);

    @Override
    public String name() {
        return "png";
    }

    @Override
    public String description() {
        return "PNG files: a mask each, or a picture's masks by number or class.";
    }

    @Override
    public Optional<Choice> choice() {
        return Optional.of(new Choice(
                "--kind",
                "mask (IMAGE/PROMPT.png, 0 and 255), palette (IMAGE.png, masks numbered from 1) or labels (IMAGE.png,"
                        + " ids of classes, of semantic prompts their places from 0)",
                List.of(MASK, PALETTE, LABELS),
                MASK));
    }

    @Override
    public Writer writer(String chosen, PictureReader pictures) {
        return switch (chosen) {
            case PALETTE -> new PaletteWriter();
            case LABELS -> new LabelWriter();
            default -> new MaskWriter();
        };
    }

    private static String file(ExportedPicture picture) {
        return FileNames.ofPicture(picture.id(), TAKEN) + ENDING;
    }

    private record MaskWriter() implements Writer {
        private static final int WHITE = 255;

        @Override
        public void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output)
                throws IOException {
            String folder = FileNames.ofPicture(picture.id(), TAKEN) + "/";
            Set<String> used = new HashSet<>();
            for (ExportedPrompt prompt : picture.prompts()) {
                if (!prompt.isOk() || picture.size() == null) {
                    continue;
                }
                String name = FileNames.of(prompt.id());
                if (prompt.masks().isEmpty()) {
                    // Who asked for a mask gets one: nothing is there.
                    write(free(folder, name, used), null, picture, prompt, output);
                }
                for (int i = 0; i < prompt.masks().size(); i++) {
                    String each = prompt.masks().size() == 1 ? name : String.format("%s-%02d", name, i + 1);
                    write(free(folder, each, used), prompt.masks().get(i), picture, prompt, output);
                }
            }
        }

        /** Prompts a-01 and a with several masks want the same name. */
        private static String free(String folder, String wanted, Set<String> used) {
            String name = wanted;
            while (!used.add(name)) {
                name += "_";
            }
            return folder + name + ENDING;
        }

        private static void write(
                String file, ExportedMask mask, ExportedPicture picture, ExportedPrompt prompt, ExportOutput output)
                throws IOException {
            ExportedPicture.Size size = picture.size();
            int[] pixels = new int[size.height() * size.width()];
            if (mask != null) {
                Pngs.draw(mask.rle(), WHITE, pixels, 0);
            }
            output.file(file, out -> Pngs.writeGray(pixels, size, false, out), List.of(prompt));
        }
    }

    /** Numbers from 1 in the order of prompts and masks; of one region prompt, those of its regions, as DAVIS numbers objects. */
    private record PaletteWriter() implements Writer {
        private static final int MOST = 255;

        @Override
        public void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output)
                throws IOException {
            List<ExportedPrompt> shown = ok(picture);
            if (shown.isEmpty()) {
                return;
            }
            boolean byRegion = picture.prompts().size() == 1 && shown.get(0).is(PromptTask.REGION);
            int[] pixels = new int[picture.size().height() * picture.size().width()];
            int next = 1;
            for (ExportedPrompt prompt : shown) {
                for (ExportedMask mask : prompt.masks()) {
                    int number = byRegion && mask.region() != null ? mask.region() + 1 : next++;
                    if (number > MOST) {
                        output.count("masks left out, since a palette has 255 numbers");
                    } else {
                        Pngs.draw(mask.rle(), number, pixels, 0);
                    }
                }
            }
            output.file(file(picture), out -> Pngs.writePalette(pixels, picture.size(), out), shown);
        }
    }

    /**
     * Ids of classes; what has none is 0, or the highest number where 0 is a class. Of semantic prompts places of classes, from 0, as
     * {@code score semantic} and other evaluations read predictions.
     */
    private record LabelWriter() implements Writer {
        private static final int HIGHEST = 255;
        private static final int HIGHEST_WIDE = 65535;

        @Override
        public void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output)
                throws IOException {
            List<ExportedPrompt> shown = ok(picture);
            if (shown.isEmpty()) {
                return;
            }
            boolean places = picture.prompts().stream().allMatch(prompt -> prompt.is(PromptTask.SEMANTIC));
            boolean zeroIsClass = places || classes.classes().containsKey(0);
            int highest =
                    places ? classes.places().size() - 1 : classes.classes().lastKey();
            boolean wide = highest > HIGHEST - (zeroIsClass ? 1 : 0);
            int none = !zeroIsClass ? 0 : wide ? HIGHEST_WIDE : HIGHEST;
            int[] pixels = new int[picture.size().height() * picture.size().width()];
            Arrays.fill(pixels, none);
            for (ExportedPrompt prompt : shown) {
                for (ExportedMask mask : prompt.masks()) {
                    int label = places ? classes.place(mask) : classes.id(mask);
                    Pngs.draw(mask.rle(), label, pixels, none);
                }
            }
            output.file(file(picture), out -> Pngs.writeGray(pixels, picture.size(), wide, out), shown);
        }
    }

    private static List<ExportedPrompt> ok(ExportedPicture picture) {
        return picture.size() == null
                ? List.of()
                : picture.prompts().stream().filter(ExportedPrompt::isOk).toList();
    }
}
