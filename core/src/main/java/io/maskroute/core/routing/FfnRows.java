package io.maskroute.core.routing;

/**
 * The gathers around the FFN of one layer for one segment of S tokens. With {@code h} the S rows after the layer norm,
 * {@code f = FFN(h[keep])} and {@code p = P(f[0..proxies))}, token t changes by row {@code back[t]} of {@code cat(f, p)}.
 *
 * @param identity every token gets its own FFN in place: skip the gathers; all arrays are empty then
 * @param keep positions in the segment that get the FFN: the proxies in row-major order, then all other tokens that are not
 *     image tokens, in sequence order
 * @param back {@code [S]}
 * @param proxies number of leading rows of {@code keep} that are proxies
 * @param followers positions in the segment of the image tokens that are no proxies, ascending
 * @param leaders for each follower the position of its proxy
 */
public record FfnRows(boolean identity, long[] keep, long[] back, int proxies, long[] followers, long[] leaders) {
    static final FfnRows IDENTITY = new FfnRows(true, new long[0], new long[0], 0, new long[0], new long[0]);

    static FfnRows of(SegmentLayout layout, ProxyGrid grid) {
        int proxies = grid.proxies();
        long[] keep = new long[layout.leading() + proxies + layout.trailing()];
        long[] back = new long[layout.tokens()];
        for (int k = 0; k < proxies; k++) {
            keep[k] = layout.leading() + grid.proxyIndex(k);
        }
        long[] followers = new long[layout.image() - proxies];
        long[] leaders = new long[followers.length];
        int follower = 0;
        int row = proxies;
        for (int t = 0; t < layout.tokens(); t++) {
            int imageToken = t - layout.leading();
            if (imageToken < 0 || imageToken >= layout.image()) {
                keep[row] = t;
                back[t] = row++;
            } else {
                int proxy = grid.proxyOf(imageToken);
                if (grid.isProxy(imageToken)) {
                    back[t] = proxy;
                } else {
                    back[t] = keep.length + proxy;
                    followers[follower] = t;
                    leaders[follower++] = keep[proxy];
                }
            }
        }
        return new FfnRows(false, keep, back, proxies, followers, leaders);
    }
}
