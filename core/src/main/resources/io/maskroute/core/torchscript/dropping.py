# Dropping image tokens: a baseline for token routing (FastV, Chen et al. 2024, "An Image is Worth 1/2 Tokens After Layer 2").
#
# The first `after` layers see every token, prefix and suffixes apart as in llm.py. From then on some of the image tokens are
# kept, in order and with their position ids. Where the picture decides which, the later layers run apart as well: drop_shared_prefix
# gives what `llm_suffix` takes. Where each prompt decides, prompts of a picture may keep different ones, so nothing of the later
# layers is shared: each prompt runs its own sequence of the kept prefix, its text and its mask tokens (drop_prefix, drop_suffix).

def drop_prefix(self, x: Tensor, text: Tensor, candidates: Tensor, layers: List[Dict[str, Tensor]], after: int, heads: int, tables: Tensor, eps: float) -> List[Tensor]:
    """The first `after` layers over a prefix x [B, P, d] -> their keys and values as `llm_prefix` gives them, and then what
    `drop_suffix` needs more: the state after them [B, P, d] and, int64, the positions of the text [P - N] and of the image
    tokens among which a prompt's are chosen [B, C] (candidates [B, C], or [1, C] for all)."""
    taps = self.new_dictionary(x)
    cache = self.undropped_layers(x, layers[:after], heads, tables[:, :x.size(1)].unsqueeze(1), eps, taps)
    cache.append(taps["prefix.llm.layers." + str(after - 1) + ".out"])
    cache.append(text.to(x.device))
    cache.append(candidates.to(x.device).expand(x.size(0), -1))
    return cache


def undropped_layers(self, x: Tensor, layers: List[Dict[str, Tensor]], heads: int, rotary: Tensor, eps: float, taps: Optional[Dict[str, Tensor]]) -> List[Tensor]:
    """`prefix_layers` in which every token gets the FFN."""
    routes: List[Dict[str, Tensor]] = []
    for i in range(len(layers)):
        routes.append(self.new_dictionary(x))
    return self.prefix_layers(x, layers, routes, [0] * len(layers), [False] * len(layers), heads, rotary, eps, taps)


def drop_shared_prefix(self, x: Tensor, text: Tensor, candidates: Tensor, layers: List[Dict[str, Tensor]], after: int, keep: int, heads: int, tables: Tensor, eps: float) -> List[Tensor]:
    """A prefix x [B, P, d] of which the layers from `after` on see the text [P - N] (positions, int64) and `keep` image tokens: those that
    its last token attends to most in layer `after` - 1, or all candidates (see drop_prefix) where there are no more -> keys and
    values of every layer, as `llm_prefix` gives them."""
    b, p, d = x.shape
    taps = self.new_dictionary(x)
    cache = self.undropped_layers(x, layers[:after], heads, tables[:, :p].unsqueeze(1), eps, taps)
    ranked = "prefix.llm.layers." + str(after - 1)
    h = taps[ranked + ".input_layernorm"][:, -1:]
    state = taps[ranked + ".out"]
    taps.clear()
    image = candidates.to(x.device).expand(b, -1)
    if image.size(1) > keep:
        q = self.llm_heads(h, layers[after - 1], heads, tables[:, p - 1:p].unsqueeze(1), 0, 1)[0]
        scores = torch.matmul(q.to(6), cache[2 * after - 2].to(6).transpose(2, 3)) * (float(d // heads) ** -0.5)
        paid = torch.softmax(scores, 3)[:, :, 0].mean(1)
        image = image.gather(1, paid.gather(1, image).topk(keep, 1)[1])
    kept = torch.cat([text.to(x.device).unsqueeze(0).expand(b, -1), image], 1).sort(1)[0]
    x = state.gather(1, kept.unsqueeze(2).expand(-1, -1, d))
    rotary = tables.index_select(1, kept.flatten()).view(2, b, kept.size(1), -1)
    return cache + self.undropped_layers(x, layers[after:], heads, rotary, eps, None)


def last_text_attention(self, h: Tensor, lengths: Tensor, picture: Tensor, keys: Tensor, w: Dict[str, Tensor], heads: int, tables: Tensor) -> Tensor:
    """What the last text token of each prompt pays to the prefix in one layer, mean over heads: fp32 [R, P].

    h [R, T, d]: the layer's normalised input of the prompts' own text, of which row r has lengths[r]; keys [B, heads, P, d/heads]
    of the prefix in this layer."""
    r, t, d = h.shape
    p = keys.size(2)
    qk = self.llm_heads(h, w, heads, tables[:, p:p + t].unsqueeze(1), 0, 2)
    last = (lengths - 1).view(r, 1, 1, 1).expand(r, heads, 1, d // heads)
    q = qk[0].gather(2, last).to(6)
    k = torch.cat([keys.index_select(0, picture), qk[1]], 2).to(6)
    scores = torch.matmul(q, k.transpose(2, 3)) * (q.size(3) ** -0.5)
    line = torch.arange(p + t, device=h.device).unsqueeze(0)
    padding = (line >= (p + lengths).unsqueeze(1)).view(r, 1, 1, p + t)
    return torch.softmax(scores.masked_fill(padding, float("-inf")), 3)[:, :, 0, :p].mean(1)


def drop_suffix(self, text: Tensor, late: Tensor, lengths: Tensor, picture: Tensor, cache: List[Tensor], layers: List[Dict[str, Tensor]], after: int, keep: int, heads: int, tables: Tensor, eps: float, norm: Dict[str, Tensor]) -> Tuple[Tensor, Tensor]:
    """As `llm_suffix` with mask tokens from layer 0 on, against what `drop_prefix` gave; of the image tokens each prompt keeps
    the `keep` that its last text token attends to most in layer `after` - 1, or all candidates where there are no more."""
    r, t, d = text.shape
    n_late = late.size(0)
    p = cache[0].size(2)
    taps = self.new_dictionary(text)
    self.llm_suffix(text, late, lengths, picture, cache, layers[:after], 0, heads, tables, eps, norm, taps)
    ranked = "suffix.llm.layers." + str(after - 1)
    image = cache[2 * after + 2].index_select(0, picture)
    if image.size(1) > keep:
        h = taps[ranked + ".input_layernorm"][:, :t]
        paid = self.last_text_attention(h, lengths, picture, cache[2 * after - 2], layers[after - 1], heads, tables)
        image = image.gather(1, paid.gather(1, image).topk(keep, 1)[1])
    kept = torch.cat([cache[2 * after + 1].unsqueeze(0).expand(r, -1), image], 1).sort(1)[0]
    n_kept = kept.size(1)
    prefix = cache[2 * after].index_select(0, picture).gather(1, kept.unsqueeze(2).expand(-1, -1, d))
    x = taps[ranked + ".out"]
    prefix_rotary = tables.index_select(1, kept.flatten()).view(2, r, n_kept, -1)
    text_positions = torch.arange(p, p + t, device=text.device).unsqueeze(0).expand(r, t)
    late_positions = p + lengths.unsqueeze(1) + torch.arange(n_late, device=text.device).unsqueeze(0)
    rotary = tables.index_select(1, torch.cat([text_positions, late_positions], 1).flatten()).view(2, r, t + n_late, -1)
    mask = self.llm_suffix_mask(lengths, t, n_late, n_kept, x.dtype)
    every = self.new_dictionary(text)
    for i in range(after, len(layers)):
        w = layers[i]
        if i + 1 < len(layers):
            out = self.llm_layer(prefix, w, heads, prefix_rotary, eps, self.no_tensors(), None, every, 0, False, None, "")
            prefix = out[0]
            past = out[1:]
        else:
            past = self.keys_and_values(prefix, w, heads, prefix_rotary, eps)
        x = self.llm_layer(x, w, heads, rotary, eps, past, mask, every, 0, False, None, "")[0]
    x = self.layer_norm(x, norm, "final_layernorm", eps)
    return x[:, :t], x[:, t:]
