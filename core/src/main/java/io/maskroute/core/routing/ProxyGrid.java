package io.maskroute.core.routing;

/**
 * The proxies of a grid of image tokens: the top left token of each {@code stride} x {@code stride} cell. Cells at the right
 * and bottom border may be smaller. Image tokens and proxies are both counted row by row from 0.
 */
public final class ProxyGrid {
    private final int height;
    private final int width;
    private final int stride;
    private final int[] proxyIndex;
    private final int[] proxyOf;

    ProxyGrid(int height, int width, int stride) {
        this.height = height;
        this.width = width;
        this.stride = stride;
        int cellsDown = (height - 1) / stride + 1;
        int cellsAcross = (width - 1) / stride + 1;
        proxyIndex = new int[cellsDown * cellsAcross];
        for (int cell = 0; cell < proxyIndex.length; cell++) {
            proxyIndex[cell] = cell / cellsAcross * stride * width + cell % cellsAcross * stride;
        }
        proxyOf = new int[height * width];
        for (int token = 0; token < proxyOf.length; token++) {
            proxyOf[token] = token / width / stride * cellsAcross + token % width / stride;
        }
    }

    public int height() {
        return height;
    }

    public int width() {
        return width;
    }

    public int stride() {
        return stride;
    }

    /** Number of image tokens N. */
    public int tokens() {
        return proxyOf.length;
    }

    /** Number of proxies K. */
    public int proxies() {
        return proxyIndex.length;
    }

    /** The image token that proxy {@code ordinal} (0..K-1) is. */
    public int proxyIndex(int ordinal) {
        return proxyIndex[ordinal];
    }

    /** The ordinal (0..K-1) of the proxy of image token {@code token} (0..N-1). */
    public int proxyOf(int token) {
        return proxyOf[token];
    }

    /** Whether image token {@code token} is a proxy. */
    public boolean isProxy(int token) {
        return proxyIndex[proxyOf[token]] == token;
    }

    /** {@code [K]}: the image token that each proxy is. */
    public int[] proxyIndex() {
        return proxyIndex.clone();
    }

    /** {@code [N]}: the ordinal of each image token's proxy. */
    public int[] proxyOf() {
        return proxyOf.clone();
    }
}
