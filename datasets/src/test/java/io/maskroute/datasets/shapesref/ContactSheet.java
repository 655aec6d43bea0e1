package io.maskroute.datasets.shapesref;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;

/**
 * Pictures to look at: {@code ContactSheet FILE LEVEL COLUMNS ROWS [FIRST]} paints pictures side by side; with a trailing
 * {@code prompts}, each row is one picture and its prompts, the targets left bright. Not a test.
 */
final class ContactSheet {
    private static final int SIDE = ShapesRef.DEFAULT_SIDE;
    private static final int GAP = 6;

    private ContactSheet() {}

    public static void main(String[] arguments) throws IOException {
        ShapesRef shapes = ShapesRef.of(1, "train", Level.valueOf(arguments[1].toUpperCase(Locale.ROOT)));
        int columns = Integer.parseInt(arguments[2]);
        int rows = Integer.parseInt(arguments[3]);
        long first = arguments.length > 4 ? Long.parseLong(arguments[4]) : 0;
        boolean prompts = arguments.length > 5;
        int step = prompts ? SIDE + 22 : SIDE;
        BufferedImage sheet =
                new BufferedImage(columns * (SIDE + GAP) + GAP, rows * (step + GAP) + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = sheet.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                ShapesScene scene = shapes.scene(prompts ? first + row : first + row * columns + column);
                int x = GAP + column * (SIDE + GAP);
                int y = GAP + row * (step + GAP);
                if (!prompts || column == 0) {
                    graphics.drawImage(scene.image(), x, y, null);
                } else if (column <= scene.prompts().size()) {
                    ShapesPrompt prompt = scene.prompts().get(column - 1);
                    graphics.drawImage(highlighted(scene, prompt), x, y, null);
                    graphics.setColor(Color.BLACK);
                    int size = 13;
                    do {
                        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, size--));
                    } while (graphics.getFontMetrics().stringWidth(prompt.text()) > SIDE);
                    graphics.drawString(prompt.text(), x, y + SIDE + 16);
                }
            }
        }
        graphics.dispose();
        ImageIO.write(
                sheet,
                arguments[0].endsWith(".jpg") ? "jpg" : "png",
                Path.of(arguments[0]).toFile());
    }

    private static BufferedImage highlighted(ShapesScene scene, ShapesPrompt prompt) {
        BufferedImage image = scene.image();
        for (int y = 0; y < scene.height(); y++) {
            for (int x = 0; x < scene.width(); x++) {
                Color colour = new Color(image.getRGB(x, y));
                if (!meant(scene, prompt, x, y)) {
                    int grey = 90 + (colour.getRed() + colour.getGreen() + colour.getBlue()) / 9;
                    image.setRGB(x, y, new Color(grey, grey, grey).getRGB());
                } else if (!meant(scene, prompt, x - 1, y)
                        || !meant(scene, prompt, x + 1, y)
                        || !meant(scene, prompt, x, y - 1)
                        || !meant(scene, prompt, x, y + 1)) {
                    image.setRGB(x, y, Color.MAGENTA.getRGB());
                }
            }
        }
        return image;
    }

    private static boolean meant(ShapesScene scene, ShapesPrompt prompt, int x, int y) {
        return x >= 0
                && y >= 0
                && x < scene.width()
                && y < scene.height()
                && prompt.targets().contains((int) scene.owner()[y * scene.width() + x]);
    }
}
