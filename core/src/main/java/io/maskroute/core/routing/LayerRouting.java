package io.maskroute.core.routing;

import io.maskroute.core.routing.RoutingSchedule.Projector;
import java.util.Optional;

/**
 * What one LLM layer does.
 *
 * @param layer counted from 0
 * @param maskTokens whether the mask tokens are present in this layer
 * @param projector what image tokens other than proxies go through, with its tensors in the adapter; empty when every image
 *     token gets the FFN whatever the grid
 * @param grid the proxies; every image token is one where there is no projector
 */
public record LayerRouting(int layer, boolean maskTokens, Optional<Projector> projector, ProxyGrid grid) {

    /** Whether some image token takes its proxy's change instead of the FFN. */
    public boolean routed() {
        return grid.proxies() < grid.tokens();
    }

    /** Image tokens that get the FFN. */
    public int proxies() {
        return grid.proxies();
    }

    /**
     * The rows to gather; a pure function, worth keeping for a layout that comes again.
     *
     * @throws IllegalArgumentException when the layout holds part of the grid
     */
    public FfnRows rows(SegmentLayout layout) {
        if (layout.image() != 0 && layout.image() != grid.tokens()) {
            throw new IllegalArgumentException(
                    "segment of " + layout.image() + " image tokens, of a grid of " + grid.tokens());
        }
        return layout.image() == 0 || !routed() ? FfnRows.IDENTITY : FfnRows.of(layout, grid);
    }
}
