/**
 * What a run costs, from sizes alone: no weights, no tensor engine. Depends on {@code config}, {@code routing} and {@code
 * segmenter}.
 *
 * <h2>What is counted</h2>
 *
 * <p>Floating-point operations of products, two per multiply-add: linear layers, convolutions, attention products (q·k and
 * p·v), deformable sampling (four taps per point, each one multiply-add per channel) and the dot products of mask embeddings with
 * features. Everything else is left out: biases, norms, activations, softmax, rotary embedding, residual sums, gathers, the
 * projector's {@code s * z}, table look-ups, bilinear resizes, the sampling of regions, means and the masks' post-processing.
 *
 * <h2>The formula</h2>
 *
 * <p>LLM of width d, FFN width f, per layer:
 *
 * <pre>
 * attention linear     8 d² per token present                (query, key, value: 6 d²; dense: 2 d²)
 * attention products   4 d per pair of a token and a token it sees (itself and all before it, the causal half exactly)
 * FFN                  4 d f per token that gets it          (all text and mask tokens, K proxies of the N image tokens)
 * routing projector    4 d r per proxy, where K &lt; N       (once per proxy; nothing for an untrained one)
 * its delta term       4 d q per image token that is no proxy (where the schedule gives a delta_rank q)
 * </pre>
 *
 * Mask tokens are present from {@code mask_token_layer} on. Tokens after the mask tokens and padding between prompts of
 * different length are never counted. The prefix (text, image tokens and what the texts of all of a picture's prompts begin with) is counted once per picture and
 * divided evenly over its prompts; {@link io.maskroute.core.flops.Execution} says how much of it the last layer does.
 *
 * <p>Where image tokens are dropped after layer K, the prefix is shorter in the later layers. Where each prompt chooses them, it
 * is charged with its own shortened sequence there, kept part of the prefix included, and only the first K layers are shared.
 * Ranking the tokens is not counted: it reads attention that layer K computes in any case.
 *
 * <p>The dense cost of a prompt is the same implementation with the identity schedule and this prompt as the only one: same
 * tokens, same rule for the last layer, no sharing. So the ratio shows routing and sharing, and no gain from leaving out
 * what a dense run could leave out as well.
 *
 * <p>Swin, per block of C channels: qkv and projection 8 C² and attention products 4 window² C per position of the map padded to
 * whole windows (padding is computed, then cropped), MLP 4 ratio C² per real position; patch merging 16 C² per position of the
 * next map. Convolutions count their zero padding. Deformable sampling counts taps outside the map.
 *
 * <p>The mask decoder's keys and values are counted once per picture and divided like the prefix. Its attention masks are dot
 * products with features already shrunk to the level attended to, one set before each layer; full-size masks are counted
 * once, after the last layer, for all queries.
 */
package io.maskroute.core.flops;
