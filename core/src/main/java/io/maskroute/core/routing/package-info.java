/**
 * Token routing: which tokens meet which part of which LLM layer. {@link io.maskroute.core.routing.RoutingSchedule} is what
 * {@code routing.json} says, {@link io.maskroute.core.routing.RoutingPlan} is the same resolved against a model and a grid of
 * image tokens, and {@link io.maskroute.core.routing.LayerRouting} gives the rows that a layer gathers. A dense run is the
 * identity schedule and takes the same path.
 *
 * <p>{@code routing.json}:
 *
 * <pre>
 * {"format": 1,
 *  "mask_token_layer": 12,
 *  "image_tokens": {
 *    "proxies":   {"kind": "grid", "stride": 2},
 *    "layers":    "all",
 *    "projector": {"kind": "linear", "rank": 128}},
 *  "per_layer": [null, {"routed": false}, {"proxies": {"kind": "grid", "stride": 3}}, ...]}
 * </pre>
 *
 * <ul>
 *   <li>{@code format}: 1.
 *   <li>{@code mask_token_layer}: the mask tokens join as the input of this layer; 0 is the dense model, the number of layers
 *       means that they meet the final norm only.
 *   <li>{@code image_tokens.proxies}: {@code grid} takes the top left token of each {@code stride} x {@code stride} cell of the
 *       image-token grid; 1 makes every token its own proxy, so that nothing is projected.
 *   <li>{@code image_tokens.layers}: {@code "all"} or the routed layers, counted from 0; {@code []} routes none.
 *   <li>{@code image_tokens.projector}: {@code linear} is {@code U V z + s * z}, {@code mlp} is {@code U gelu(V z) + s * z} (erf
 *       GELU), both of the given rank. With {@code "delta_rank": q}, which is optional and 0 by default, a token that is no
 *       proxy adds {@code J (h - h_proxy)}, J of rank q, to what it takes over: the first-order change of the FFN between the
 *       normalised inputs of the two.
 *   <li>{@code per_layer}, optional: one entry per LLM layer, {@code null} or an object with at least one of {@code routed}
 *       (overrides {@code layers}), {@code proxies} and {@code projector} (each replaces the whole object of
 *       {@code image_tokens}). {@code proxies} or {@code projector} for a layer that is not routed are refused.
 * </ul>
 *
 * <p>For the baselines that routing is measured against, the file may instead say which image tokens are dropped, see {@link
 * io.maskroute.core.routing.ImageTokenDropping}; everything else is dense then, and there are no tensors:
 *
 * <pre>
 * {"format": 1, "drop_image_tokens": {"criterion": "attention", "after_layer": 2, "keep": 64}}
 * {"format": 1, "drop_image_tokens": {"criterion": "picture_attention", "after_layer": 2, "keep": 64}}
 * {"format": 1, "drop_image_tokens": {"criterion": "random", "after_layer": 2, "keep": 64, "seed": 0}}
 * </pre>
 *
 * <p>Every other key is refused. Depends on {@code config}, {@code error}, {@code safetensors} and JSON; knows no tensor engine.
 */
package io.maskroute.core.routing;
