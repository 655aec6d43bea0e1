package io.maskroute.datasets.shapesref;

import java.util.EnumSet;

/**
 * What the objects lie on.
 *
 * @param tone its mean colour: red, green, blue in 0 to 1
 */
record Backdrop(Material material, double[] tone, Draws draws) {
    /** Squared distance of colours that are hard to tell apart. */
    private static final double ALIKE = 0.13;

    enum Material {
        PAPER,
        FABRIC,
        WOOD,
        STONE,
        SKY,
        SLATE
    }

    private static final double[][] PAPERS = {{0.91, 0.88, 0.82}, {0.86, 0.87, 0.87}, {0.88, 0.84, 0.76}};
    private static final double[][] FABRICS = {
        {0.62, 0.66, 0.71}, {0.72, 0.68, 0.60}, {0.60, 0.67, 0.60}, {0.74, 0.64, 0.63}, {0.42, 0.47, 0.55}
    };
    private static final double[][] WOODS = {{0.77, 0.63, 0.45}, {0.68, 0.52, 0.37}, {0.83, 0.73, 0.58}};
    private static final double[][] STONES = {{0.66, 0.66, 0.65}, {0.57, 0.58, 0.60}, {0.74, 0.72, 0.69}};
    private static final double[][] SKIES = {
        {0.66, 0.75, 0.83}, {0.80, 0.74, 0.80}, {0.72, 0.80, 0.74}, {0.86, 0.79, 0.70}
    };
    private static final double[][] SLATES = {{0.26, 0.31, 0.33}, {0.31, 0.29, 0.34}, {0.24, 0.33, 0.30}};

    static Backdrop draw(Draws draws) {
        Material material = draws.of(Material.values());
        double[] tone = draws.of(
                        switch (material) {
                            case PAPER -> PAPERS;
                            case FABRIC -> FABRICS;
                            case WOOD -> WOODS;
                            case STONE -> STONES;
                            case SKY -> SKIES;
                            case SLATE -> SLATES;
                        })
                .clone();
        double light = draws.between(0.95, 1.05);
        for (int i = 0; i < tone.length; i++) {
            tone[i] = Math.min(0.94, tone[i] * light);
        }
        return new Backdrop(material, tone, draws.split());
    }

    /** The colours that stand out from it. */
    EnumSet<Colour> contrasting() {
        EnumSet<Colour> colours = EnumSet.noneOf(Colour.class);
        for (Colour colour : Colour.values()) {
            double red = colour.red() / 255.0 - tone[0];
            double green = colour.green() / 255.0 - tone[1];
            double blue = colour.blue() / 255.0 - tone[2];
            if (red * red + green * green + blue * blue > ALIKE) {
                colours.add(colour);
            }
        }
        return colours;
    }

    /** Red, green and blue of each pixel, row-major, about 0 to 1. */
    float[] paint(int width, int height) {
        float[] light = new float[width * height];
        switch (material) {
            case PAPER -> paper(light, width, height);
            case FABRIC -> fabric(light, width, height);
            case WOOD -> wood(light, width, height);
            case STONE -> stone(light, width, height, 0.34);
            case SKY -> stone(light, width, height, 0.08);
            case SLATE -> stone(light, width, height, 0.26);
        }
        double slope = draws.between(-0.12, 0.12);
        double fall = draws.between(-0.14, 0.06);
        // A second tone from one corner to the other keeps large areas from looking flat.
        double warm = draws.between(-0.05, 0.05);
        float[] rgb = new float[3 * width * height];
        for (int y = 0; y < height; y++) {
            double v = (y + 0.5) / height - 0.5;
            for (int x = 0; x < width; x++) {
                double u = (x + 0.5) / width - 0.5;
                double round = u * u + v * v;
                double factor = (1 + slope * u + fall * v) * (1.03 - 0.38 * round) + light[y * width + x];
                double tint = warm * (u - v);
                int at = 3 * (y * width + x);
                rgb[at] = (float) (tone[0] * factor + tint);
                rgb[at + 1] = (float) (tone[1] * factor);
                rgb[at + 2] = (float) (tone[2] * factor - tint);
            }
        }
        return rgb;
    }

    private void paper(float[] light, int width, int height) {
        float[] clouds = Noise.octaves(draws, width, height, 4, 4, 3);
        float[] fibres = Noise.octaves(draws, width, height, width / 7.0, height / 2.2, 1);
        float[] across = Noise.octaves(draws, width, height, width / 2.2, height / 7.0, 1);
        for (int i = 0; i < light.length; i++) {
            light[i] = (float) (0.07 * (clouds[i] - 0.45) + 0.045 * (fibres[i] + across[i] - 0.5));
        }
    }

    private void fabric(float[] light, int width, int height) {
        float[] clouds = Noise.octaves(draws, width, height, 3, 3, 3);
        float[] warp = Noise.octaves(draws, width, height, width / 2.5, 6, 1);
        float[] weft = Noise.octaves(draws, width, height, 6, height / 2.5, 1);
        int thread = Math.max(3, Math.round(Math.min(width, height) / 72f));
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int i = y * width + x;
                boolean over = (x / thread + y / thread) % 2 == 0;
                double across = (over ? y % thread : x % thread) / (thread - 1.0) - 0.5;
                double weave = 0.05 - 0.22 * across * across + (over ? 0.018 : -0.018);
                light[i] = (float) (weave + 0.14 * ((over ? weft[i] : warp[i]) - 0.25) + 0.1 * (clouds[i] - 0.45));
            }
        }
    }

    private void wood(float[] light, int width, int height) {
        int planks = 3 + draws.below(3);
        double[] tones = new double[planks];
        double[] shifts = new double[planks];
        for (int i = 0; i < planks; i++) {
            tones[i] = draws.between(-0.07, 0.07);
            shifts[i] = draws.between(0, 5);
        }
        Noise bend = new Noise(draws, 3, 6);
        float[] grain = Noise.octaves(draws, width, height, 5, height / 2.0, 1);
        float[] streaks = Noise.octaves(draws, width, height, 3, height / 8.0, 2);
        double groove = Math.max(1, Math.min(width, height) / 170.0);
        for (int y = 0; y < height; y++) {
            double position = (y + 0.5) / height * planks;
            int plank = Math.min(planks - 1, (int) position);
            double edge = Math.min(position - plank, plank + 1 - position) * height / planks;
            double line = edge < groove ? -0.2 * (1 - edge / groove / 2) : 0;
            for (int x = 0; x < width; x++) {
                double u = (x + 0.5) / width;
                double ring =
                        (position - plank) * 3 + shifts[plank] + 2.6 * bend.at(u, (position - plank + plank) / planks);
                double wave = Math.abs(ring - Math.floor(ring) - 0.5) * 2;
                int i = y * width + x;
                light[i] = (float) (tones[plank]
                        + line
                        + 0.09 * (Noise.smooth(wave) - 0.5)
                        + 0.12 * (grain[i] - 0.25)
                        + 0.16 * (streaks[i] - 0.37));
            }
        }
    }

    private void stone(float[] light, int width, int height, double strength) {
        float[] clouds = Noise.octaves(draws, width, height, 3, 3, 6);
        for (int i = 0; i < light.length; i++) {
            light[i] = (float) (strength * (clouds[i] - 0.49));
        }
    }
}
