package io.maskroute.datasets.writer;

import io.maskroute.core.image.Orientation;
import io.maskroute.datasets.schema.PromptRow;
import io.maskroute.datasets.schema.Region;
import io.maskroute.datasets.schema.Truth;
import java.io.IOException;
import java.io.Serializable;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** Makes the prompts of one picture, inside a Spark task: masks are drawn there, and label maps decoded. */
@FunctionalInterface
public interface PromptMaker extends Serializable {
    /**
     * @param stored what the picture's header says
     * @param findings takes single entries that are left out, and what is odd
     * @throws UnusableEntryException when the picture is to be left out with all its prompts
     */
    Made make(Size stored, Findings findings, Configuration hadoop) throws UnusableEntryException, IOException;

    /** In pixels; 0 where it is not known. */
    record Size(int height, int width) implements Serializable {
        public static final Size UNKNOWN = new Size(0, 0);

        public boolean isKnown() {
            return height > 0 && width > 0;
        }

        @Override
        public String toString() {
            return width + "x" + height;
        }
    }

    /**
     * @param masks the size of truth and regions; unknown where there are none, so that any picture fits
     * @param targets how many of the official file's entries the prompts stand for
     */
    record Made(Size masks, List<PromptRow> prompts, long targets) implements PromptMaker {
        public Made {
            prompts = List.copyOf(prompts);
        }

        @Override
        public Made make(Size stored, Findings findings, Configuration hadoop) {
            return this;
        }

        /** With masks that fit the picture turned. */
        public Made turned(Orientation orientation) {
            // Prompts on one object share its truth, and go on sharing it.
            Map<Truth, Truth> turned = new IdentityHashMap<>();
            return new Made(
                    orientation.swapsSides() ? new Size(masks.width(), masks.height()) : masks,
                    prompts.stream()
                            .map(prompt -> turned(prompt, orientation, turned))
                            .toList(),
                    targets);
        }

        private static PromptRow turned(PromptRow prompt, Orientation orientation, Map<Truth, Truth> turned) {
            return new PromptRow(
                    prompt.promptId(),
                    prompt.task(),
                    prompt.texts(),
                    prompt.classSet(),
                    prompt.regions().stream()
                            .map(region -> turned(region, orientation))
                            .toList(),
                    prompt.truth() == null
                            ? null
                            : turned.computeIfAbsent(prompt.truth(), truth -> truth.turned(orientation)),
                    prompt.unreadable());
        }

        private static Region turned(Region region, Orientation orientation) {
            if (region.imageId() != null) {
                return region;
            }
            if (!region.coordinates().isEmpty()) {
                throw new IllegalArgumentException("coordinates of regions cannot be turned, masks can");
            }
            return new Region(
                    region.kind(),
                    region.coordinates(),
                    region.mask() == null ? null : region.mask().turned(orientation));
        }
    }
}
