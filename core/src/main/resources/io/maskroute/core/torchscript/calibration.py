# Calibration of the routing projector: what the dense model does, as sums, and the projector that fits them best.
#
# A follower t (an image token that is no proxy) has as input of the regression z = f(h_p) of its proxy p and
# delta = h_t - h_p, and as target y = f(h_t). The sums over followers, all fp64:
#   zz, zd, zy, dd, dy [d, d]   z z', z delta', z y', delta delta', delta y'
#   z, d, y [d], yy [d]         sums, and the sum of the squares of y
#   rest [3]                    number of followers; number of image tokens; their summed |x|^2 after the layer

def observed_layer(self, x: Tensor, layers: List[Dict[str, Tensor]], layer: int, heads: int, tables: Tensor, eps: float) -> Dict[str, Tensor]:
    """One dense layer over a prefix x [B, P, d] -> `ffn_input` [B, P, d], `mlp` the FFN's output, `out` the layer's
    output, `k` and `v` [B, heads, P, d/heads]."""
    seen = self.new_dictionary(x)
    rotary = tables[:, :x.size(1)].unsqueeze(1)
    out = self.llm_layer(x, layers[layer], heads, rotary, eps, self.no_tensors(), None, self.new_dictionary(x), 0, False, seen, "")
    seen.pop("input_layernorm")
    seen.pop("self_attn")
    seen["k"] = out[1]
    seen["v"] = out[2]
    return seen


def is_finite(self, seen: Dict[str, Tensor]) -> bool:
    return bool(torch.isfinite(seen["ffn_input"]).all()) and bool(torch.isfinite(seen["mlp"]).all()) and bool(torch.isfinite(seen["out"]).all())


def new_sums(self, width: int, device: str) -> Dict[str, Tensor]:
    sums = self.new_dictionary(torch.zeros([1]))
    for name in ["zz", "zd", "zy", "dd", "dy"]:
        sums[name] = torch.zeros([width, width], dtype=7, device=device)
    for name in ["z", "d", "y", "yy"]:
        sums[name] = torch.zeros([width], dtype=7, device=device)
    sums["rest"] = torch.zeros([3], dtype=7, device=device)
    return sums


def add_followers(self, sums: Dict[str, Tensor], seen: Dict[str, Tensor], image_start: int, image_end: int, proxies: Tensor, followers: Tensor, ordinals: Tensor) -> None:
    """Adds what `observed_layer` saw of one picture. int64 positions of the proxies [K] and the followers [M], and for each
    follower the ordinal of its proxy [M]. The followers of a cell share z, so the products with z take K rows, not M."""
    h = seen["ffn_input"][0]
    f = seen["mlp"][0]
    out = seen["out"][0]
    at = followers.to(h.device)
    cell = ordinals.to(h.device)
    lead = proxies.to(h.device)
    z = f.index_select(0, lead).to(7)
    y = f.index_select(0, at).to(7)
    d = h.index_select(0, at).to(7) - h.index_select(0, lead).to(7).index_select(0, cell)
    zeros = torch.zeros_like(z)
    y_of_cell = torch.index_add(zeros, 0, cell, y)
    d_of_cell = torch.index_add(zeros, 0, cell, d)
    members = torch.index_add(zeros[:, :1], 0, cell, torch.ones_like(y[:, :1]))
    weighted = z * members
    sums["zz"].addmm_(weighted.t(), z)
    sums["zd"].addmm_(z.t(), d_of_cell)
    sums["zy"].addmm_(z.t(), y_of_cell)
    sums["dd"].addmm_(d.t(), d)
    sums["dy"].addmm_(d.t(), y)
    sums["z"].add_(weighted.sum(0))
    sums["d"].add_(d.sum(0))
    sums["y"].add_(y.sum(0))
    sums["yy"].add_((y * y).sum(0))
    image = out[image_start:image_end].to(7)
    counts = torch.tensor([float(at.size(0)), float(image.size(0))], dtype=7, device=h.device)
    sums["rest"].add_(torch.cat([counts, (image * image).sum().unsqueeze(0)]))


def centred(self, sums: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Sums -> second moments around the means, per follower: `zz`, `zd`, `zy`, `dd`, `dy` [d, d], `yy` [d]; and the means
    `mz`, `md`, `my` [d]."""
    n = sums["rest"][0]
    m = self.new_dictionary(n)
    mz = sums["z"] / n
    md = sums["d"] / n
    my = sums["y"] / n
    m["zz"] = sums["zz"] / n - torch.outer(mz, mz)
    m["zd"] = sums["zd"] / n - torch.outer(mz, md)
    m["zy"] = sums["zy"] / n - torch.outer(mz, my)
    m["dd"] = sums["dd"] / n - torch.outer(md, md)
    m["dy"] = sums["dy"] / n - torch.outer(md, my)
    m["yy"] = sums["yy"] / n - my * my
    m["mz"] = mz
    m["md"] = md
    m["my"] = my
    return m


def ridged(self, second: Tensor, ridge: float) -> Tensor:
    """C + L [d, d], L = ridge times C's own diagonal: a few channels of a trained LLM are far larger than all others, and must
    not decide what is small. Channels that never change get a little, so that C can be factored."""
    diagonal = torch.diagonal(second)
    return second + torch.diag(ridge * diagonal + 1e-12 * diagonal.mean() + 1e-30)


def reduced_rank(self, factor: Tensor, cross: Tensor, rank: int) -> Tuple[Tensor, Tensor]:
    """The B = up . down of a rank that minimises |r - B x|^2 + |B L^1/2|^2: factor the Cholesky factor of C_xx + L, cross =
    C_xr [d, d]. With the full ridge solution F = C_rx (C_xx + L)^-1 it is F projected onto the leading eigenvectors of
    F (C_xx + L) F' = C_rx (C_xx + L)^-1 C_xr (reduced-rank regression, Izenman 1975). -> up [d, rank] with orthonormal
    columns, each with its largest element positive, down [rank, d]"""
    solved = torch.cholesky_solve(cross, factor)
    fitted = torch.matmul(cross.t(), solved)
    values, vectors = torch.linalg_eigh((fitted + fitted.t()) * 0.5)
    up = vectors[:, vectors.size(1) - rank:]
    up = up * torch.sign(torch.gather(up, 0, torch.argmax(torch.abs(up), 0, True)))
    return up, torch.matmul(solved, up).t()


def projector_error(self, m: Dict[str, Tensor], p: Dict[str, Tensor]) -> float:
    """Mean |y - P|^2 of a follower, from its moments (not necessarily those that P was fitted to)."""
    d = m["my"].size(0)
    a = torch.matmul(p["up"], p["down"]) + torch.diag(p["scale"])
    total = m["yy"].sum() - 2.0 * (a.t() * m["zy"]).sum() + (torch.matmul(a, m["zz"]) * a).sum()
    mean = m["my"] - torch.mv(a, m["mz"]) - p["bias"]
    if p["delta_up"].size(1) > 0:
        j = torch.matmul(p["delta_up"], p["delta_down"])
        total = total - 2.0 * (j.t() * m["dy"]).sum() + (torch.matmul(j, m["dd"]) * j).sum()
        total = total + 2.0 * (torch.matmul(a, m["zd"]) * j).sum()
        mean = mean - torch.mv(j, m["md"])
    return float(total + (mean * mean).sum())


def untrained_projector(self, like: Tensor) -> Dict[str, Tensor]:
    """P(z) = z, for a width of like [d]."""
    d = like.size(0)
    p = self.new_dictionary(like)
    p["scale"] = torch.ones_like(like)
    p["bias"] = torch.zeros_like(like)
    p["up"] = torch.zeros([d, 0], dtype=7, device=like.device)
    p["down"] = torch.zeros([0, d], dtype=7, device=like.device)
    p["delta_up"] = torch.zeros([d, 0], dtype=7, device=like.device)
    p["delta_down"] = torch.zeros([0, d], dtype=7, device=like.device)
    return p


def fit_projector(self, m: Dict[str, Tensor], p: Dict[str, Tensor], rank: int, delta_rank: int, ridge: float, sweeps: int) -> Dict[str, Tensor]:
    """Improves P(z, delta) = up down z + scale * z + delta_up delta_down delta + bias for centred moments, from p on: in turn
    the scale, the low-rank part and the delta term, each at its exact optimum with the others held, so that no step makes
    it worse. The ridge pulls towards the untrained projector: scale 1, the rest 0."""
    czz = self.ridged(m["zz"], ridge)
    factor_z = torch.linalg_cholesky(czz)
    factor_d = torch.linalg_cholesky(self.ridged(m["dd"], ridge))
    diagonal = torch.diagonal(czz)
    scale = p["scale"]
    up = p["up"]
    down = p["down"]
    j_up = p["delta_up"]
    j_down = p["delta_down"]
    for sweep in range(sweeps):
        # What the scale and the low-rank part are to explain: E[z (y - J delta)'].
        target = m["zy"]
        if j_up.size(1) > 0:
            target = target - torch.matmul(torch.matmul(m["zd"], j_down.t()), j_up.t())
        low = (torch.matmul(m["zz"], down.t()) * up).sum(1)
        scale = 1.0 + (torch.diagonal(target) - low - torch.diagonal(m["zz"])) / diagonal
        up, down = self.reduced_rank(factor_z, target - m["zz"] * scale.unsqueeze(0), rank)
        if delta_rank > 0:
            a = torch.matmul(up, down) + torch.diag(scale)
            j_up, j_down = self.reduced_rank(factor_d, m["dy"] - torch.matmul(m["zd"].t(), a.t()), delta_rank)
    q = self.new_dictionary(up)
    q["scale"] = scale
    q["up"] = up
    q["down"] = down
    q["delta_up"] = j_up
    q["delta_down"] = j_down
    mean = m["my"] - scale * m["mz"] - torch.mv(up, torch.mv(down, m["mz"]))
    q["bias"] = mean - torch.mv(j_up, torch.mv(j_down, m["md"]))
    return q


def suffix_attention(self, taps: Dict[str, Tensor], cache: List[Tensor], layers: List[Dict[str, Tensor]], lengths: Tensor, text: int, late: int, image_start: int, image_end: int, heads: int, tables: Tensor) -> Tensor:
    """What the mask tokens of a dense `llm_suffix` with these taps did in each layer: fp64 [layers, 3], summed over prompts and
    mask tokens (the attention also a mean over heads): the share of their attention that falls on the image tokens
    (positions image_start .. image_end), |change|^2 of the layer, |x|^2 after it. The first `late` late tokens count; text
    is the padded length of the prompts' own text, lengths int64 [R]."""
    p = cache[0].size(2)
    r = lengths.size(0)
    positions = torch.cat([torch.arange(p, p + text, device=lengths.device).unsqueeze(0).expand(r, text), p + lengths.unsqueeze(1) + torch.arange(late, device=lengths.device).unsqueeze(0)], 1)
    rotary = tables.index_select(1, positions.flatten()).view(2, r, text + late, -1)
    mask = self.llm_suffix_mask(lengths, text, late, p, 6)[:, :, text:]
    rows: List[Tensor] = []
    for i, w in enumerate(layers):
        name = "suffix.llm.layers." + str(i)
        qk = self.llm_heads(taps[name + ".input_layernorm"], w, heads, rotary, 0, 2)
        q = qk[0][:, :, text:].to(6)
        keys = torch.cat([cache[2 * i].expand(r, -1, -1, -1), qk[1]], 2).to(6)
        scores = torch.matmul(q, keys.transpose(2, 3)) * (q.size(3) ** -0.5) + mask
        share = torch.softmax(scores, 3)[:, :, :, image_start:image_end].sum(3).mean(1)
        change = (taps[name + ".self_attn"] + taps[name + ".mlp"])[:, text:].to(7)
        out = taps[name + ".out"][:, text:].to(7)
        rows.append(torch.stack([share.to(7).sum(), (change * change).sum(), (out * out).sum()]))
    return torch.stack(rows)
