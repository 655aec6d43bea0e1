# Phi with token routing. Attention and FFN of a layer share one LayerNorm: x + a(h) + f(h), h = LN(x). `llm_layer` is the
# only place that says so: prefix, suffixes, dropping, training and calibration all run it.
#
# A layer's weights are named as in the checkpoint, but for `self_attn.qkv`: the rows of queries, keys and values one after the other,
# [q, k, v][head][channel], whatever the checkpoint has, so that a part of them is a view.
#
# The sequence is cut into a prefix (text, image tokens, the task's text: the same for all prompts of a picture) and a
# suffix per prompt (its own text, then the tokens that join late: the mask tokens). Attention is causal, so the prefix
# never sees a suffix: it runs once, and each suffix attends to the keys and values it left.
#
# Routing of a layer (`routes[l]`; empty = every token gets the FFN):
#   keep [n]   positions of the prefix whose FFN is computed: the proxies first, then the text
#   back [P]   for each position its row in cat(f(keep), projected change of the proxies)
#   scale [d], down [r, d], up [d, r]   the projector P(z) = up . act(down . z) + scale * z; without them P(z) = z
#   bias [d]           optional, added to P(z)
#   followers [M], leaders [M], delta_down [q, d], delta_up [d, q]   optional: the positions of the tokens that take their
#                      proxy's change and of those proxies; a follower adds delta_up . delta_down . (h_follower - h_leader)

def rotary_tables(self, positions: int, rotary_dim: int, theta: float, device: str) -> Tensor:
    """fp32 [2, positions, rotary_dim / 2]: cosines, sines."""
    inverse = 1.0 / torch.pow(theta, torch.arange(0, rotary_dim, 2, dtype=6) / rotary_dim)
    angle = torch.arange(positions, dtype=6).unsqueeze(1) * inverse.unsqueeze(0)
    return torch.stack([torch.cos(angle), torch.sin(angle)]).to(device)


def embed_tokens(self, table: Tensor, ids: Tensor) -> Tensor:
    """ids int64 [...] -> [..., d]"""
    return torch.embedding(table, ids.to(table.device))


def llm_prefix_input(self, table: Tensor, before: Tensor, image: Tensor, after: Tensor) -> Tensor:
    """ids before [s] and after [t] the image tokens [B, N, d] -> [B, s + N + t, d]"""
    b = image.size(0)
    left = self.embed_tokens(table, before).unsqueeze(0).expand(b, -1, -1)
    right = self.embed_tokens(table, after).unsqueeze(0).expand(b, -1, -1)
    return torch.cat([left, image.to(table.dtype), right], 1)


def insert_latents(self, x: Tensor, latents: Tensor, behind: int) -> Tensor:
    """x [B, P, d] with latents [B, M, d] in place of the M tokens that begin `behind` tokens before its end."""
    start = x.size(1) - behind
    return torch.cat([x[:, :start], latents.to(x.dtype), x[:, start + latents.size(1):]], 1)


def late_tokens(self, mask_tokens: Tensor, table: Tensor, tail: Tensor) -> Tensor:
    """Learned mask tokens [Q, d] and ids [n] of text after them (only `trace` has any) -> [Q + n, d]"""
    return torch.cat([mask_tokens, self.embed_tokens(table, tail).to(mask_tokens.dtype)])


def rotate(self, x: Tensor, cosine: Tensor, sine: Tensor) -> None:
    """Rotary position embedding in place: of x's last dimension, channel i < r/2 pairs with i + r/2, the rest stays.
    cosine, sine [..., r/2], broadcast over x."""
    half = cosine.size(-1)
    left = x[..., :half]
    right = x[..., half:2 * half]
    turned_left = left * cosine - right * sine
    turned_right = right * cosine + left * sine
    left.copy_(turned_left)
    right.copy_(turned_right)


def llm_heads(self, h: Tensor, w: Dict[str, Tensor], heads: int, rotary: Tensor, first: int, end: int) -> List[Tensor]:
    """Of queries (0), keys (1) and values (2) the parts first .. end: h [B, T, d], rotary [2, B or 1, T, r/2] -> each
    [B, heads, T, d/heads], queries and keys rotated."""
    b, t, d = h.shape
    weight = w["self_attn.qkv.weight"][first * d:end * d]
    bias = w["self_attn.qkv.bias"][first * d:end * d]
    x = torch.linear(h, weight, bias).view(b, t, end - first, heads, d // heads)
    cosine = rotary[0].to(h.dtype).unsqueeze(2).unsqueeze(2)
    sine = rotary[1].to(h.dtype).unsqueeze(2).unsqueeze(2)
    self.rotate(x[:, :, :2 - first], cosine, sine)
    return x.permute(2, 0, 3, 1, 4).unbind(0)


def llm_ffn(self, h: Tensor, w: Dict[str, Tensor]) -> Tensor:
    return self.linear(self.gelu_tanh(self.linear(h, w, "mlp.fc1")), w, "mlp.fc2")


def route(self, projector: Dict[str, Tensor], keep: Tensor, back: Tensor, device: str) -> Dict[str, Tensor]:
    """One layer's routing: its projector (may be empty) with the gathers of a segment."""
    out = projector.copy()
    out["keep"] = keep.to(device)
    out["back"] = back.to(device)
    return out


def follow(self, route: Dict[str, Tensor], followers: Tensor, leaders: Tensor, device: str) -> None:
    """Adds the positions that the delta term of a layer reads."""
    route["followers"] = followers.to(device)
    route["leaders"] = leaders.to(device)


def project_change(self, z: Tensor, route: Dict[str, Tensor], mlp: bool) -> Tensor:
    """The change that the FFN made to the proxies, z [B, K, d], turned into the change of the tokens they stand for."""
    if "scale" not in route:
        return z
    low = torch.linear(z, route["down"])
    if mlp:
        low = self.gelu_erf(low)
    p = torch.linear(low, route["up"], route.get("bias"))
    return p + z * route["scale"]


def delta_change(self, h: Tensor, route: Dict[str, Tensor]) -> Tensor:
    """How the followers' change differs from their proxies', to first order in their inputs: h [B, P, d] -> [B, M, d]"""
    difference = h.index_select(1, route["followers"]) - h.index_select(1, route["leaders"])
    return torch.linear(torch.linear(difference, route["delta_down"]), route["delta_up"])


def routed_ffn(self, h: Tensor, w: Dict[str, Tensor], route: Dict[str, Tensor], proxies: int, mlp: bool) -> Tensor:
    """h [B, P, d] -> [B, P, d]: f(h) for the kept tokens, the projected change of their proxy for the others. The projector
    runs once per proxy: all tokens of a cell share its result."""
    if proxies == 0:
        return self.llm_ffn(h, w)
    f = self.llm_ffn(h.index_select(1, route["keep"]), w)
    p = self.project_change(f[:, :proxies], route, mlp)
    change = torch.cat([f, p], 1).index_select(1, route["back"])
    if "followers" in route:
        change.index_add_(1, route["followers"], self.delta_change(h, route))
    return change


def llm_layer(self, x: Tensor, w: Dict[str, Tensor], heads: int, rotary: Tensor, eps: float, past: List[Tensor], mask: Optional[Tensor], route: Dict[str, Tensor], proxies: int, mlp: bool, taps: Optional[Dict[str, Tensor]], name: str) -> List[Tensor]:
    """One layer of the LLM: x [B, T, d], rotary [2, B or 1, T, r/2] -> the state after it [B, T, d], and its tokens' rotated keys and
    values, each [B, heads, T, d/heads].

    past: keys and values of tokens before them, which they attend to as well; none without a mask.
    mask: additive [B, 1, T, keys], or None: each token attends to itself and those before it.
    route, proxies, mlp: see `routed_ffn`.
    A layer with `post_attention_layernorm` is sequential: its FFN reads what its attention left."""
    b, t, d = x.shape
    h = self.layer_norm(x, w, "input_layernorm", eps)
    q, k, v = self.llm_heads(h, w, heads, rotary, 0, 3)
    if mask is None:
        a = torch.scaled_dot_product_attention(q, k, v, None, 0.0, True)
    else:
        a = torch.scaled_dot_product_attention(q, torch.cat([past[0], k], 2), torch.cat([past[1], v], 2), mask)
    a = self.linear(a.transpose(1, 2).reshape(b, t, d), w, "self_attn.dense")
    if taps is not None:
        taps[name + "input_layernorm"] = h
        taps[name + "self_attn"] = a.clone()
    a = a.add_(x)
    ffn_input = h
    if "post_attention_layernorm.weight" in w:
        ffn_input = self.layer_norm(a, w, "post_attention_layernorm", eps)
    f = self.routed_ffn(ffn_input, w, route, proxies, mlp)
    if taps is not None:
        taps[name + "ffn_input"] = ffn_input
        taps[name + "mlp"] = f
    # Where gradients are recorded, the second norm still needs what it read.
    out = a + f if a.requires_grad else a.add_(f)
    if taps is not None:
        taps[name + "out"] = out
    return [out, k, v]


def llm_prefix(self, x: Tensor, layers: List[Dict[str, Tensor]], routes: List[Dict[str, Tensor]], proxies: List[int], mlp: List[bool], heads: int, tables: Tensor, eps: float, taps: Optional[Dict[str, Tensor]]) -> List[Tensor]:
    """x [B, P, d], the first P positions of B sequences -> rotated keys and values of every layer, k0, v0, k1, v1 …, each
    [B, heads, P, d/heads]. Nothing reads the prefix after the last layer, so there only its keys and values are computed
    (all of it when taps are asked for)."""
    return self.prefix_layers(x, layers, routes, proxies, mlp, heads, tables[:, :x.size(1)].unsqueeze(1), eps, taps)


def prefix_layers(self, x: Tensor, layers: List[Dict[str, Tensor]], routes: List[Dict[str, Tensor]], proxies: List[int], mlp: List[bool], heads: int, rotary: Tensor, eps: float, taps: Optional[Dict[str, Tensor]]) -> List[Tensor]:
    """As `llm_prefix`, of tokens whose position ids are those of rotary [2, B or 1, P, r/2]."""
    cache: List[Tensor] = []
    for i, w in enumerate(layers):
        if i + 1 < len(layers) or taps is not None:
            out = self.llm_layer(x, w, heads, rotary, eps, self.no_tensors(), None, routes[i], proxies[i], mlp[i], taps, "prefix.llm.layers." + str(i) + ".")
            x = out[0]
            cache = cache + out[1:]
        else:
            cache = cache + self.keys_and_values(x, w, heads, rotary, eps)
    return cache


def keys_and_values(self, x: Tensor, w: Dict[str, Tensor], heads: int, rotary: Tensor, eps: float) -> List[Tensor]:
    """Those that `llm_layer` gives."""
    return self.llm_heads(self.layer_norm(x, w, "input_layernorm", eps), w, heads, rotary, 1, 3)


def llm_suffix_mask(self, lengths: Tensor, text: int, late: int, prefix: int, dtype: int) -> Tensor:
    """Additive mask [R, 1, text + late, prefix + text + late]: causal, and never a padded text position (row r has
    lengths[r] real ones) as key."""
    n = text + late
    line = torch.arange(n, device=lengths.device)
    real = (line.unsqueeze(0) < lengths.unsqueeze(1)).logical_or(line >= text)
    seen = (line.unsqueeze(0) <= line.unsqueeze(1)).unsqueeze(0).logical_and(real.unsqueeze(1))
    # A padded query row still needs one key, or its softmax is NaN; the prefix serves.
    mask = torch.zeros([lengths.size(0), n, prefix + n], dtype=dtype, device=lengths.device)
    mask[:, :, prefix:] = torch.zeros([1], dtype=dtype, device=lengths.device).masked_fill(seen.logical_not(), float("-inf"))
    return mask.unsqueeze(1)


def rows_of_pictures(self, x: Tensor, picture: Tensor) -> Tensor:
    """x [B, ...], int64 picture [R] -> [R, ...]: each prompt's picture."""
    if x.requires_grad:
        # The same rows as a product, whose gradient is one too: index_select's adds element by element.
        chosen = (picture.unsqueeze(1) == torch.arange(x.size(0), device=x.device).unsqueeze(0)).to(x.dtype)
        return torch.matmul(chosen, x.reshape(x.size(0), -1)).view(picture.size(0), x.size(1), x.size(2), x.size(3))
    # As contiguous rows, which a GPU copies by wide reads; keys and values are views of other strides.
    rows = x.reshape(x.size(0), -1)
    return torch.embedding(rows, picture).view(picture.size(0), x.size(1), x.size(2), x.size(3))


def llm_suffix(self, text: Tensor, late: Tensor, lengths: Tensor, picture: Tensor, cache: List[Tensor], layers: List[Dict[str, Tensor]], late_layer: int, heads: int, tables: Tensor, eps: float, norm: Dict[str, Tensor], taps: Optional[Dict[str, Tensor]]) -> Tuple[Tensor, Tensor]:
    """The prompts' own tokens against the prefix of their picture.

    text [R, T, d] padded on the right, lengths int64 [R]; late [L, d]: the tokens that join as input of layer `late_layer`
    (`len(layers)` = they meet only the final norm), with the position ids they have in the whole sequence; picture int64 [R]:
    which row of the cache a prompt belongs to. The first layer's prefix is whole; later ones may have lost image tokens. -> final hidden states of text [R, T, d] and late tokens [R, L, d]."""
    r, t, d = text.shape
    n_late = late.size(0)
    p = cache[0].size(2)
    text_positions = torch.arange(p, p + t, device=text.device).unsqueeze(0).expand(r, t)
    late_positions = p + lengths.unsqueeze(1) + torch.arange(n_late, device=text.device).unsqueeze(0)
    joined = late.to(text.dtype).unsqueeze(0).expand(r, n_late, d)
    x = text
    rotary = tables.index_select(1, text_positions.flatten()).view(2, r, t, -1)
    mask = self.llm_suffix_mask(lengths, t, 0, p, text.dtype)
    every = self.new_dictionary(text)
    for i, w in enumerate(layers):
        if i == late_layer:
            x = torch.cat([x, joined], 1)
            rotary = tables.index_select(1, torch.cat([text_positions, late_positions], 1).flatten()).view(2, r, t + n_late, -1)
        n = x.size(1)
        seen = cache[2 * i].size(2)
        if mask.size(2) != n or mask.size(3) != seen + n:
            mask = self.llm_suffix_mask(lengths, t, n - t, seen, text.dtype)
            if taps is not None:
                self.hide_tail(mask, n, t, taps)
        past = cache[2 * i:2 * i + 2]
        if past[0].size(0) == 1:
            past = [past[0].expand(r, -1, -1, -1), past[1].expand(r, -1, -1, -1)]
        else:
            past = [self.rows_of_pictures(past[0], picture), self.rows_of_pictures(past[1], picture)]
        x = self.llm_layer(x, w, heads, rotary, eps, past, mask, every, 0, False, taps, "suffix.llm.layers." + str(i) + ".")[0]
    if late_layer == len(layers):
        x = torch.cat([x, joined], 1)
    x = self.layer_norm(x, norm, "final_layernorm", eps)
    return x[:, :t], x[:, t:]


def llm_without_picture(self, text: Tensor, late: Tensor, lengths: Tensor, layers: List[Dict[str, Tensor]], late_layer: int, heads: int, tables: Tensor, eps: float, norm: Dict[str, Tensor]) -> Tuple[Tensor, Tensor]:
    """What llm_suffix gives for prompts that stand alone, without a prefix."""
    nothing = torch.zeros([1, heads, 0, text.size(2) // heads], dtype=text.dtype, device=text.device)
    cache: List[Tensor] = []
    for i in range(2 * len(layers)):
        cache.append(nothing)
    return self.llm_suffix(text, late, lengths, torch.zeros_like(lengths), cache, layers, late_layer, heads, tables, eps, norm, None)


def llm_left_out(self, text: Tensor, eps: float, norm: Dict[str, Tensor]) -> Tuple[Tensor, Tensor]:
    """What llm_suffix gives without layers and late tokens: text [R, T, d] -> its final norm, and [R, 0, d]."""
    x = self.layer_norm(text, norm, "final_layernorm", eps)
    return x, x[:, :0]


def region_features(self, tokens: Tensor, picture: Tensor, points: Tensor, taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """tokens [B, N, d] of a square grid, int64 picture [K], points fp32 [K, S, 2] as (y, x) in fractions of the grid's outer tokens -> [K, d]: the
    mean of the tokens at a region's points, bilinear between them. As PSALM's region sampler has it: a pixel's place is its
    index over the picture's side, and 0 and 1 are the middles of the first and the last token."""
    b, n, d = tokens.shape
    side = int(round(float(n) ** 0.5))
    grid = tokens.transpose(1, 2).reshape(b, d, side, side).index_select(0, picture).to(points.dtype)
    places = points.flip([2]) * 2.0 - 1.0
    sampled = torch.grid_sampler(grid, places.unsqueeze(1), 0, 0, True)
    out = sampled.squeeze(2).mean(2)
    self.tap(taps, "region.sampled_feature", out.unsqueeze(1))
    return out


def insert_regions(self, text: Tensor, row: Tensor, position: Tensor, features: Tensor) -> Tensor:
    """text [R, T, d] with features [K, d] at rows and positions [K]"""
    out = text.clone()
    out[row, position] = features.to(text.dtype)
    return out


def pooled_conditions(self, hidden: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Means over the conditions' hidden states: hidden [R, T, d], int64 starts, ends [R, N] -> [R, N, d]"""
    line = torch.arange(hidden.size(1), device=hidden.device).view(1, 1, -1)
    inside = (line >= starts.unsqueeze(2)).logical_and(line < ends.unsqueeze(2)).to(hidden.dtype)
    return torch.bmm(inside, hidden) / (ends - starts).to(hidden.dtype).unsqueeze(2)


def mask_token_conditions(self, late: Tensor, mask_tokens: int, heads: Dict[str, Tensor]) -> Tensor:
    """Final hidden states of late tokens [R, L, d] -> the mask tokens' [R, Q, C], projected as a condition is."""
    return self.linear(late[:, :mask_tokens].to(heads["SEG_token_projector.weight"].dtype), heads, "SEG_token_projector")


def decoder_inputs(self, text: Tensor, late: Tensor, mask_tokens: int, starts: Tensor, ends: Tensor, heads: Dict[str, Tensor], projector: str, taps: Optional[Dict[str, Tensor]]) -> Tuple[Tensor, Tensor]:
    """Final hidden states of the prompts' text [R, T, d] and late tokens [R, L, d] -> decoder queries [R, Q, C] and condition
    embeddings [R, N, C], in the dtype of the decoder's weights. int64 starts, ends [R, N]: the conditions' places in the text."""
    masks = late[:, :mask_tokens]
    pooled = self.pooled_conditions(text, starts, ends)
    dtype = heads["seg_query_projector.weight"].dtype
    queries = self.linear(masks.to(dtype), heads, "seg_query_projector")
    conditions = self.linear(pooled.to(dtype), heads, projector)
    if taps is not None:
        taps["mask_tokens.llm_out"] = masks
        taps["mask_tokens.projected"] = queries
        self.tap_conditions(taps, pooled, conditions, projector)
    return queries, conditions
