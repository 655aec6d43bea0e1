package io.maskroute.datasets.shapesref;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Objects in the order in which they lie on each other, the lowest first, and which pixel shows which of them.
 *
 * @param owner row-major; the object that a pixel shows or {@link #NOTHING}
 * @param hidden {@code hidden[a][b]}: how many pixels of object a show object b
 * @param near for each object the set of those that show within {@link #NEAR} pixels of it
 */
record Layout(
        int width,
        int height,
        List<Placement> placements,
        List<Distances> distances,
        byte[] owner,
        List<SceneObject> objects,
        int[][] hidden,
        int[] near) {
    static final byte NOTHING = -1;
    /** Objects that are not farther apart may seem to touch. */
    static final float NEAR = 2;
    /** Least part of an object that is seen. */
    static final double LEAST_VISIBLE = 0.6;

    static Layout of(int width, int height, List<Placement> placements, int margin) {
        int count = placements.size();
        List<Distances> distances = new ArrayList<>(count);
        byte[] owner = new byte[width * height];
        Arrays.fill(owner, NOTHING);
        for (int i = 0; i < count; i++) {
            Distances outline = Distances.of(placements.get(i), margin);
            distances.add(outline);
            for (int row = 0; row < outline.height(); row++) {
                int y = outline.top() + row;
                for (int column = 0; column < outline.width(); column++) {
                    int x = outline.left() + column;
                    if (x >= 0 && y >= 0 && x < width && y < height && outline.at(x, y) < 0) {
                        owner[y * width + x] = (byte) i;
                    }
                }
            }
        }
        int[][] hidden = new int[count][count];
        int[] near = new int[count];
        List<SceneObject> objects = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            objects.add(seen(i, placements.get(i), distances.get(i), owner, width, height, hidden[i]));
            near[i] = near(i, distances.get(i), owner, width, height);
        }
        return new Layout(width, height, List.copyOf(placements), distances, owner, List.copyOf(objects), hidden, near);
    }

    private static SceneObject seen(
            int index, Placement placement, Distances outline, byte[] owner, int width, int height, int[] hiddenBy) {
        long sumX = 0;
        long sumY = 0;
        int area = 0;
        int visible = 0;
        int left = width;
        int top = height;
        int right = 0;
        int bottom = 0;
        for (int row = 0; row < outline.height(); row++) {
            int y = outline.top() + row;
            for (int column = 0; column < outline.width(); column++) {
                int x = outline.left() + column;
                if (outline.values()[row * outline.width() + column] >= 0) {
                    continue;
                }
                area++;
                if (x < 0 || y < 0 || x >= width || y >= height) {
                    continue;
                }
                int shown = owner[y * width + x];
                if (shown != index) {
                    hiddenBy[shown]++;
                    continue;
                }
                visible++;
                sumX += x;
                sumY += y;
                left = Math.min(left, x);
                top = Math.min(top, y);
                right = Math.max(right, x + 1);
                bottom = Math.max(bottom, y + 1);
            }
        }
        double pixels = Math.max(1, visible);
        return new SceneObject(
                placement.shape(),
                placement.colour(),
                placement.size(),
                placement.pattern(),
                sumX / pixels + 0.5,
                sumY / pixels + 0.5,
                left,
                top,
                right,
                bottom,
                visible,
                area);
    }

    private static int near(int index, Distances outline, byte[] owner, int width, int height) {
        int set = 0;
        for (int y = Math.max(0, outline.top()); y < Math.min(height, outline.top() + outline.height()); y++) {
            for (int x = Math.max(0, outline.left()); x < Math.min(width, outline.left() + outline.width()); x++) {
                int shown = owner[y * width + x];
                if (shown != NOTHING && shown != index && outline.at(x, y) <= NEAR) {
                    set |= 1 << shown;
                }
            }
        }
        return set;
    }

    boolean allSeen() {
        return objects.stream().allMatch(object -> object.visibleArea() >= LEAST_VISIBLE * object.area());
    }
}
