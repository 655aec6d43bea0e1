package io.maskroute.job.export;

import io.maskroute.core.error.RowFailure;
import io.maskroute.core.image.RgbImage;
import io.maskroute.datasets.mask.Rle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Masks drawn over their pictures, for people. */
final class OverlaysExport implements ExportFormat {
    @Override
    public String name() {
        return "overlays";
    }

    @Override
    public String description() {
        return "IMAGE/PROMPT.jpg: masks drawn over the pictures; reads the pictures.";
    }

    @Override
    public boolean readsPictures() {
        return true;
    }

    @Override
    public Writer writer(String chosen, PictureReader pictures) {
        return new OverlayWriter(pictures);
    }

    private record OverlayWriter(PictureReader pictures) implements Writer {
        /** Of Okabe and Ito ("Color Universal Design", 2008). */
        private static final int[] COLOURS = {0x56b4e9, 0xe69f00, 0x009e73, 0xd55e00, 0xcc79a7, 0xf0e442, 0x0072b2};

        private static final float QUALITY = 0.9f;

        @Override
        public void write(ExportedPicture picture, Numbers numbers, Catalogue classes, ExportOutput output)
                throws IOException {
            List<ExportedPrompt> shown =
                    picture.prompts().stream().filter(ExportedPrompt::isOk).toList();
            if (shown.isEmpty()) {
                return;
            }
            RgbImage read;
            try {
                read = pictures.read(picture);
            } catch (RowFailure e) {
                output.count("pictures that could not be read (" + e.kind() + ")");
                return;
            }
            Set<String> used = new HashSet<>();
            String folder = FileNames.ofPicture(picture.id(), PngExport.TAKEN) + "/";
            for (ExportedPrompt prompt : shown) {
                if (prompt.masks().stream().map(ExportedMask::rle).anyMatch(mask -> differs(mask, read))) {
                    output.count("prompts whose masks have another size than the picture has now");
                    continue;
                }
                BufferedImage drawn = drawn(read, prompt);
                String name = FileNames.of(prompt.id());
                while (!used.add(name)) {
                    name += "_";
                }
                output.file(folder + name + ".jpg", out -> writeJpeg(drawn, out), List.of(prompt));
            }
        }

        private static boolean differs(Rle mask, RgbImage picture) {
            return mask.height() != picture.height() || mask.width() != picture.width();
        }

        private static BufferedImage drawn(RgbImage picture, ExportedPrompt prompt) {
            int[] numbers = new int[picture.height() * picture.width()];
            for (int i = 0; i < prompt.masks().size(); i++) {
                Pngs.draw(prompt.masks().get(i).rle(), i + 1, numbers, 0);
            }
            byte[] rgb = picture.rgb();
            int[] mixed = new int[numbers.length];
            for (int i = 0; i < numbers.length; i++) {
                int colour = (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | rgb[3 * i + 2] & 0xff;
                mixed[i] = numbers[i] == 0 ? colour : half(colour, COLOURS[(numbers[i] - 1) % COLOURS.length]);
            }
            BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
            image.getRaster().setDataElements(0, 0, picture.width(), picture.height(), mixed);
            return image;
        }

        /** Of each. */
        private static int half(int a, int b) {
            return (a & 0xfefefe) / 2 + (b & 0xfefefe) / 2;
        }

        private static void writeJpeg(BufferedImage image, OutputStream out) throws IOException {
            ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
            try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
                ImageWriteParam parameters = writer.getDefaultWriteParam();
                parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
                parameters.setCompressionQuality(QUALITY);
                writer.setOutput(stream);
                writer.write(null, new IIOImage(image, null, null), parameters);
            } finally {
                writer.dispose();
            }
        }
    }
}
