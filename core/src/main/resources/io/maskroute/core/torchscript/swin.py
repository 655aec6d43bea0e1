# Swin backbone (Liu et al. 2021), as PSALM uses it: padded positions are zeros that get the qkv bias and are not masked.

def swin_relative_index(self, window: int, like: Tensor) -> Tensor:
    """int64 [window^2 * window^2], on the device of `like`: row of relative_position_bias_table for each (query, key) of a window."""
    line = torch.arange(window, device=like.device)
    y = line.view(window, 1).expand(window, window).flatten()
    x = line.view(1, window).expand(window, window).flatten()
    dy = y.unsqueeze(1) - y.unsqueeze(0) + (window - 1)
    dx = x.unsqueeze(1) - x.unsqueeze(0) + (window - 1)
    return (dy * (2 * window - 1) + dx).flatten()


def swin_shift_mask(self, height: int, width: int, window: int, like: Tensor) -> Tensor:
    """fp32 [windows, window^2, window^2] of 0 / -100, on the device of `like`: which pairs of a shifted window were no neighbours before the roll.
    height and width are those of the padded map."""
    shift = window // 2
    rows = torch.zeros([height], dtype=4, device=like.device)
    rows[height - window:] = 1
    rows[height - shift:] = 2
    columns = torch.zeros([width], dtype=4, device=like.device)
    columns[width - window:] = 1
    columns[width - shift:] = 2
    region = (rows.view(-1, 1) * 3 + columns.view(1, -1)).view(height // window, window, width // window, window)
    region = region.permute(0, 2, 1, 3).reshape(-1, window * window)
    same = region.unsqueeze(1) == region.unsqueeze(2)
    return torch.where(same, torch.zeros([1], device=like.device), torch.full([1], -100.0, device=like.device))


def swin_window_attention(self, x: Tensor, w: Dict[str, Tensor], heads: int, index: Tensor, mask: Optional[Tensor]) -> Tensor:
    """x [images * windows, n, C] with windows varying fastest, mask [windows, n, n] or None -> the same shape."""
    b, n, c = x.shape
    qkv = self.linear(x, w, "attn.qkv").view(b, n, 3, heads, c // heads).permute(2, 0, 3, 1, 4).unbind(0)
    bias = w["attn.relative_position_bias_table"].index_select(0, index).view(n, n, heads).permute(2, 0, 1).unsqueeze(0)
    if mask is not None:
        windows = mask.size(0)
        bias = (bias + mask.to(bias.dtype).unsqueeze(1)).expand(windows, heads, n, n)
        if b > windows:
            bias = bias.repeat(b // windows, 1, 1, 1)
    y = torch.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], bias.contiguous().expand(b, heads, n, n))
    return self.linear(y.transpose(1, 2).reshape(b, n, c), w, "attn.proj")


def swin_block(self, x: Tensor, w: Dict[str, Tensor], heads: int, window: int, shift: int, index: Tensor, mask: Tensor, eps: float) -> Tensor:
    """x [B, H, W, C] -> the same shape."""
    b, height, width, c = x.shape
    h = self.layer_norm(x, w, "norm1", eps)
    bottom = (window - height % window) % window
    right = (window - width % window) % window
    if bottom + right > 0:
        h = torch.constant_pad_nd(h, [0, 0, 0, right, 0, bottom])
    if shift > 0:
        h = torch.roll(h, [-shift, -shift], [1, 2])
    ph = height + bottom
    pw = width + right
    h = h.view(b, ph // window, window, pw // window, window, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, window * window, c)
    shift_mask: Optional[Tensor] = None
    if shift > 0:
        shift_mask = mask
    h = self.swin_window_attention(h, w, heads, index, shift_mask)
    h = h.view(b, ph // window, pw // window, window, window, c).permute(0, 1, 3, 2, 4, 5).reshape(b, ph, pw, c)
    if shift > 0:
        h = torch.roll(h, [shift, shift], [1, 2])
    x = x + h[:, :height, :width]
    h = self.layer_norm(x, w, "norm2", eps)
    return x + self.linear(self.gelu_erf(self.linear(h, w, "mlp.fc1")), w, "mlp.fc2")


def swin_patch_embed(self, pixels: Tensor, w: Dict[str, Tensor], patch: int, eps: float) -> Tensor:
    """pixels [B, 3, H, W] -> [B, ceil(H/patch), ceil(W/patch), C]"""
    bottom = (patch - pixels.size(2) % patch) % patch
    right = (patch - pixels.size(3) % patch) % patch
    if bottom + right > 0:
        pixels = torch.constant_pad_nd(pixels, [0, right, 0, bottom])
    x = torch.conv2d(pixels, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], [patch, patch])
    x = self.layer_norm(x.permute(0, 2, 3, 1), w, "patch_embed.norm", eps)
    if "absolute_pos_embed" in w:
        x = x + w["absolute_pos_embed"].permute(0, 2, 3, 1)
    return x


def swin_patch_merging(self, x: Tensor, w: Dict[str, Tensor], eps: float) -> Tensor:
    """x [B, H, W, C] -> [B, ceil(H/2), ceil(W/2), 2C]"""
    height = x.size(1)
    width = x.size(2)
    if height % 2 + width % 2 > 0:
        x = torch.constant_pad_nd(x, [0, 0, 0, width % 2, 0, height % 2])
    x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
    return self.linear(self.layer_norm(x, w, "downsample.norm", eps), w, "downsample.reduction")


def swin(self, pixels: Tensor, stem: Dict[str, Tensor], blocks: List[List[Dict[str, Tensor]]], heads: List[int], window: int, patch: int, eps: float, taps: Optional[Dict[str, Tensor]]) -> List[Tensor]:
    """pixels [B, 3, S, S], normalised -> res2..res5, each [B, C * 2^s, S / 4 / 2^s, S / 4 / 2^s] (rounded up), contiguous: the
    group norms that follow lose a digit on channels-last maps.
    `stem` holds everything outside the blocks: patch_embed.*, layers.S.downsample.*, normS.*, and absolute_pos_embed
    [1, C, S/4, S/4] where the model has it"""
    x = self.swin_patch_embed(pixels, stem, patch, eps)
    if taps is not None:
        taps["swin.patch_embed"] = x.permute(0, 3, 1, 2)
    index = self.swin_relative_index(window, x)
    maps: List[Tensor] = []
    for s, stage in enumerate(blocks):
        ph = (x.size(1) + window - 1) // window * window
        pw = (x.size(2) + window - 1) // window * window
        mask = self.swin_shift_mask(ph, pw, window, x).to(x.dtype)
        for b, w in enumerate(stage):
            x = self.swin_block(x, w, heads[s], window, window // 2 * (b % 2), index, mask, eps)
            if taps is not None:
                taps["swin.layers." + str(s) + ".blocks." + str(b) + ".out"] = x.flatten(1, 2)
        y = self.layer_norm(x, stem, "norm" + str(s), eps).permute(0, 3, 1, 2).contiguous()
        maps.append(y)
        self.tap(taps, "swin.res" + str(s + 2), y)
        if s + 1 < len(blocks):
            down: Dict[str, Tensor] = {}
            prefix = "layers." + str(s) + "."
            for key in ["downsample.norm.weight", "downsample.norm.bias", "downsample.reduction.weight"]:
                down[key] = stem[prefix + key]
            x = self.swin_patch_merging(x, down, eps)
    return maps
