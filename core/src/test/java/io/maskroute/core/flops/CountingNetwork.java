package io.maskroute.core.flops;

import io.maskroute.core.config.ModelConfig;
import io.maskroute.core.family.psalm.VisionProjector;
import io.maskroute.core.routing.ImageTokenDropping;
import io.maskroute.core.routing.RoutingSchedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The network walked step by step with operators that do nothing but count their multiply-adds one at a time: an independent
 * count of what the formulas say. Written from the network's description, for tiny sizes; knows no routing plan.
 */
final class CountingNetwork {
    private final ModelConfig config;
    private long count;

    CountingNetwork(ModelConfig config) {
        this.config = config;
    }

    /** A map of features, of which only the shape matters. */
    private record Shape(int height, int width, int channels) {
        int positions() {
            return height * width;
        }
    }

    private enum Kind {
        TEXT,
        IMAGE,
        MASK
    }

    /** A token of the LLM: its kind, its place in the image-token grid, and whether it belongs to the shared prefix. */
    private record Token(Kind kind, int row, int column, boolean shared) {}

    private long took(Runnable work) {
        long before = count;
        work.run();
        return count - before;
    }

    private void matmul(int rows, int inner, int columns) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                for (int k = 0; k < inner; k++) {
                    count += 2;
                }
            }
        }
    }

    private Shape convolve(Shape x, int out, int kernel, int stride, int padding) {
        int height = 0;
        for (int y = -padding; y + kernel <= x.height() + padding; y += stride) {
            height++;
            for (int z = -padding; z + kernel <= x.width() + padding; z += stride) {
                for (int tap = 0; tap < kernel * kernel; tap++) {
                    matmul(1, x.channels(), out);
                }
            }
        }
        int width = (x.width() + 2 * padding - kernel) / stride + 1;
        return new Shape(height, width, out);
    }

    /** Backbone, projector, pixel encoder, pixel convolutions. */
    VisionFlops vision() {
        List<Shape> maps = new ArrayList<>();
        long backbone = took(() -> swin(maps));
        long projector = took(() -> project(maps.get(((VisionProjector) config.visualTokens()).stage() - 2)));
        List<Shape> levels = new ArrayList<>();
        int c = config.pixelDecoder().convDim();
        long convolutions = took(() -> {
            for (int stage = 3; stage >= 1; stage--) {
                levels.add(convolve(maps.get(stage), c, 1, 1, 0));
            }
            Shape lateral = convolve(maps.get(0), c, 1, 1, 0);
            Shape smooth = convolve(lateral, c, 3, 1, 1);
            convolve(smooth, config.pixelDecoder().maskDim(), 1, 1, 0);
        });
        long encoder = took(() -> {
            for (int layer = 0; layer < config.pixelDecoder().layers(); layer++) {
                deformableLayer(levels);
            }
        });
        return new VisionFlops(backbone, projector, encoder, convolutions);
    }

    private void swin(List<Shape> maps) {
        ModelConfig.Swin swin = config.swin();
        int pixels = config.image().size();
        while (pixels % swin.patch() != 0) {
            pixels++;
        }
        Shape x = convolve(new Shape(pixels, pixels, 3), swin.embedDim(), swin.patch(), swin.patch(), 0);
        for (int s = 0; s < 4; s++) {
            for (int block = 0; block < swin.depths().get(s); block++) {
                swinBlock(x, swin.heads().get(s));
            }
            maps.add(x);
            if (s < 3) {
                Shape even = new Shape(x.height() + x.height() % 2, x.width() + x.width() % 2, x.channels());
                x = new Shape(even.height() / 2, even.width() / 2, 2 * x.channels());
                matmul(x.positions(), 4 * even.channels(), x.channels());
            }
        }
    }

    private void swinBlock(Shape x, int heads) {
        int window = config.swin().window();
        int c = x.channels();
        for (int top = 0; top < x.height(); top += window) {
            for (int left = 0; left < x.width(); left += window) {
                int tokens = window * window;
                matmul(tokens, c, 3 * c);
                for (int head = 0; head < heads; head++) {
                    matmul(tokens, c / heads, tokens);
                    matmul(tokens, tokens, c / heads);
                }
                matmul(tokens, c, c);
            }
        }
        int inner = config.swin().mlpRatio() * c;
        matmul(x.positions(), c, inner);
        matmul(x.positions(), inner, c);
    }

    private void project(Shape x) {
        int planes = ((VisionProjector) config.visualTokens()).planes();
        int d = config.llm().hidden();
        switch (((VisionProjector) config.visualTokens()).kind()) {
            case SWIN_CONV -> {
                Shape y = convolve(x, planes, 3, 2, 1);
                y = convolve(y, planes, 3, 1, 1);
                y = convolve(y, planes, 3, 1, 1);
                convolve(x, planes, 1, 2, 0);
                matmul(y.positions(), planes, d);
            }
            case LINEAR -> matmul(x.positions(), x.channels(), d);
            case MLP -> {
                matmul(x.positions(), x.channels(), d);
                matmul(x.positions(), d, d);
            }
        }
    }

    private void deformableLayer(List<Shape> levels) {
        ModelConfig.PixelDecoder pixel = config.pixelDecoder();
        int c = pixel.convDim();
        for (Shape level : levels) {
            for (int position = 0; position < level.positions(); position++) {
                matmul(1, c, c);
                for (int head = 0; head < pixel.heads(); head++) {
                    for (int from = 0; from < levels.size(); from++) {
                        for (int point = 0; point < pixel.points(); point++) {
                            matmul(1, c, 2);
                            matmul(1, c, 1);
                            for (int tap = 0; tap < 4; tap++) {
                                matmul(1, 1, c / pixel.heads());
                            }
                        }
                    }
                }
                matmul(1, c, c);
                matmul(1, c, pixel.ffn());
                matmul(1, pixel.ffn(), c);
            }
        }
    }

    DecoderFlops decoder() {
        ModelConfig.MaskDecoder decoder = config.maskDecoder();
        int c = decoder.dim();
        int q = decoder.queries();
        int maskDim = config.pixelDecoder().maskDim();
        int[] sides = sides();
        long inputs = took(() -> {
            matmul(q, config.llm().hidden(), c);
            matmul(1, config.llm().hidden(), c);
        });
        long memory = 0;
        long layers = 0;
        long heads = 0;
        for (int layer = 0; layer < decoder.layers(); layer++) {
            int side = sides[3 - layer % 3];
            heads += took(() -> {
                matmul(q, c, c);
                matmul(q, c, c);
                matmul(q, c, maskDim);
                matmul(q, maskDim, side * side);
            });
            memory += took(() -> {
                matmul(side * side, c, c);
                matmul(side * side, c, c);
            });
            layers += took(() -> {
                attention(q, side * side, decoder.heads(), c, 2);
                attention(q, q, decoder.heads(), c, 4);
                matmul(q, c, decoder.ffn());
                matmul(q, decoder.ffn(), c);
            });
        }
        heads += took(() -> {
            matmul(q, c, c);
            matmul(q, c, c);
            matmul(q, c, 1);
            matmul(q, c, c);
            matmul(q, c, c);
            matmul(q, c, maskDim);
            matmul(q, maskDim, sides[0] * sides[0]);
        });
        return new DecoderFlops(memory, inputs, layers, heads);
    }

    private void attention(int rows, int keys, int heads, int channels, int linears) {
        for (int i = 0; i < linears; i++) {
            matmul(rows, channels, channels);
        }
        for (int head = 0; head < heads; head++) {
            matmul(rows, channels / heads, keys);
            matmul(rows, keys, channels / heads);
        }
    }

    private int[] sides() {
        int[] sides = new int[4];
        for (int pixel = 0;
                pixel < config.image().size();
                pixel += config.swin().patch()) {
            sides[0]++;
        }
        for (int s = 1; s < 4; s++) {
            for (int position = 0; position < sides[s - 1]; position += 2) {
                sides[s]++;
            }
        }
        return sides;
    }

    /**
     * One sequence, token by token: the operations of the tokens of the prefix ({@code shared}) or of the others. The prefix
     * is {@code leading} text, the grid and {@code task} text. Behind the layer that drops image tokens all is a prompt's own
     * where it chooses them.
     */
    long llm(
            RoutingSchedule schedule,
            Execution execution,
            int gridHeight,
            int gridWidth,
            int leading,
            int task,
            int ownText,
            boolean shared) {
        List<Token> sequence = new ArrayList<>();
        for (int t = 0; t < leading; t++) {
            sequence.add(new Token(Kind.TEXT, 0, 0, true));
        }
        for (int row = 0; row < gridHeight; row++) {
            for (int column = 0; column < gridWidth; column++) {
                sequence.add(new Token(Kind.IMAGE, row, column, true));
            }
        }
        for (int t = 0; t < task; t++) {
            sequence.add(new Token(Kind.TEXT, 0, 0, true));
        }
        for (int t = 0; t < ownText; t++) {
            sequence.add(new Token(Kind.TEXT, 0, 0, false));
        }
        for (int t = 0; t < config.maskDecoder().queries(); t++) {
            sequence.add(new Token(Kind.MASK, 0, 0, false));
        }
        return took(() -> {
            for (int layer = 0; layer < config.llm().layers(); layer++) {
                int at = layer;
                Optional<ImageTokenDropping> dropping = schedule.dropping().filter(d -> at >= d.afterLayer());
                List<Token> present = new ArrayList<>(sequence);
                for (int d = 0;
                        dropping.isPresent()
                                && d < gridHeight * gridWidth - dropping.get().keep();
                        d++) {
                    present.remove(leading);
                }
                for (int t = 0; t < present.size(); t++) {
                    Token token = present.get(t);
                    boolean late = token.kind() == Kind.MASK && layer < schedule.maskTokenLayer();
                    boolean once = token.shared()
                            && dropping.map(d -> d.criterion().shared()).orElse(true);
                    if (!late && once == shared) {
                        llmToken(schedule, execution, layer, present, t, gridHeight * gridWidth);
                    }
                }
            }
        });
    }

    private void llmToken(
            RoutingSchedule schedule, Execution execution, int layer, List<Token> sequence, int t, int imageTokens) {
        int d = config.llm().hidden();
        Token token = sequence.get(t);
        boolean last = layer == config.llm().layers() - 1;
        if (last && token.shared() && execution.lastLayer() != Execution.LastLayer.EVERYTHING) {
            matmul(1, d, d);
            matmul(1, d, d);
            if (execution.lastLayer() == Execution.LastLayer.QUERIES_KEYS_VALUES) {
                matmul(1, d, d);
            }
            return;
        }
        for (int linear = 0; linear < 4; linear++) {
            matmul(1, d, d);
        }
        for (int seen = 0; seen <= t; seen++) {
            for (int head = 0; head < config.llm().heads(); head++) {
                matmul(1, config.llm().headDim(), 1);
                matmul(1, 1, config.llm().headDim());
            }
        }
        int stride = schedule.routed(layer) ? schedule.proxies(layer).stride() : 1;
        boolean projects = stride > 1 && execution.trainedProjectors();
        if (token.kind() != Kind.IMAGE || (token.row() % stride == 0 && token.column() % stride == 0)) {
            matmul(1, d, config.llm().ffn());
            matmul(1, config.llm().ffn(), d);
            // A grid of a single token has nobody to project to.
            if (token.kind() == Kind.IMAGE && projects && imageTokens > 1) {
                matmul(1, d, schedule.projector(layer).rank());
                matmul(1, schedule.projector(layer).rank(), d);
            }
        } else if (projects) {
            matmul(1, d, schedule.projector(layer).deltaRank());
            matmul(1, schedule.projector(layer).deltaRank(), d);
        }
    }
}
