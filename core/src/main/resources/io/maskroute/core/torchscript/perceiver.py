# HyperSeg's fine-grained perceiver: learned latents that look at the Swin maps, one layer per map, fine to coarse.

def perceiver_levels(self, maps: List[Tensor], w: Dict[str, Tensor]) -> List[Tensor]:
    """maps [B, C_i, h, w] of res3, res4, res5 -> [B, h * w, C] each, row by row. A position is known by its level alone."""
    levels: List[Tensor] = []
    for i, x in enumerate(maps):
        name = "local_project." + str(i)
        y = torch.conv2d(x, w[name + ".weight"], w[name + ".bias"]).flatten(2).transpose(1, 2)
        levels.append(y + w["level_embed.weight"][i])
    return levels


def perceiver_attention(self, x: Tensor, latents: Tensor, w: Dict[str, Tensor], heads: int) -> Tensor:
    """x [B, N, C], latents [B, M, C] -> what the latents add to themselves [B, M, C]. They look at x and, behind it, at one another."""
    m = self.layer_norm(x, w, "0.norm_media", 1e-5)
    l = self.layer_norm(latents, w, "0.norm_latents", 1e-5)
    q = self.heads_apart(self.linear(l, w, "0.to_q"), heads)
    keys, values = self.linear(torch.cat([m, l], 1), w, "0.to_kv").chunk(2, -1)
    a = torch.scaled_dot_product_attention(q, self.heads_apart(keys, heads), self.heads_apart(values, heads))
    return self.linear(a.transpose(1, 2).flatten(2), w, "0.to_out")


def perceiver_ffn(self, latents: Tensor, w: Dict[str, Tensor]) -> Tensor:
    h = self.layer_norm(latents, w, "1.0", 1e-5)
    return self.linear(self.gelu_erf(self.linear(h, w, "1.1")), w, "1.3")


def perceiver(self, levels: List[Tensor], latents: Tensor, layers: List[Dict[str, Tensor]], w: Dict[str, Tensor], heads: int, taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """levels [B, N_i, C], one per layer; latents [B, M, C] -> [B, M, C] behind the final norm"""
    for i, layer in enumerate(layers):
        name = "fvp.layers." + str(i)
        a = self.perceiver_attention(levels[i], latents, layer, heads)
        self.tap(taps, name + ".attn", a)
        latents = latents + a
        self.tap(taps, name + ".after_attn", latents)
        latents = latents + self.perceiver_ffn(latents, layer)
        self.tap(taps, name + ".out", latents)
    return self.layer_norm(latents, w, "norm", 1e-5)


def fine_tokens(self, maps: List[Tensor], w: Dict[str, Tensor], norm: Dict[str, Tensor], layers: List[Dict[str, Tensor]], heads: int, taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """The Swin maps res2..res5 [B, C_i, h, w] -> tokens of the LLM [B, M, d]"""
    levels = self.perceiver_levels(maps[1:], w)
    latents = w["temporal_query"].unsqueeze(0).expand(maps[0].size(0), -1, -1)
    if taps is not None:
        taps["fvp.latents_in"] = latents
        for i, level in enumerate(levels):
            taps["fvp.local." + str(i)] = level
    latents = self.perceiver(levels, latents, layers, norm, heads, taps)
    self.tap(taps, "fvp.norm", latents)
    tokens = self.linear(latents, w, "expanded_seg_query_project")
    self.tap(taps, "fvp.tokens", tokens)
    return tokens


def next_latents(self, taps: Dict[str, Tensor], w: Dict[str, Tensor], first: int, count: int) -> None:
    """What a video's next frame begins with: the final hidden states of `count` latents from position `first` on, [1, M, C]."""
    taps["video.next_latents"] = self.linear(taps["llm.last_hidden_state"][:, first:first + count], w, "temporal_query_project")
