# Mask2Former's pixel decoder: multi-scale deformable attention (Zhu et al. 2021) over res5, res4, res3 and an FPN step to res2.

def sine_position(self, features: int, height: int, width: int, like: Tensor) -> Tensor:
    """fp32 [1, 2 * features, height, width], on the device of `like`: y part, then x part, sine and cosine interleaved, coordinates scaled to 2 pi."""
    two_pi = 6.283185307179586
    y = torch.arange(1, height + 1, dtype=6, device=like.device) / (height + 1e-6) * two_pi
    x = torch.arange(1, width + 1, dtype=6, device=like.device) / (width + 1e-6) * two_pi
    line = torch.arange(features, dtype=6, device=like.device)
    period = torch.pow(10000.0, 2.0 * torch.floor(line / 2.0) / features)
    py = y.unsqueeze(1) / period
    px = x.unsqueeze(1) / period
    py = torch.stack([torch.sin(py[:, 0::2]), torch.cos(py[:, 1::2])], 2).flatten(1)
    px = torch.stack([torch.sin(px[:, 0::2]), torch.cos(px[:, 1::2])], 2).flatten(1)
    py = py.t().view(1, features, height, 1).expand(1, features, height, width)
    px = px.t().view(1, features, 1, width).expand(1, features, height, width)
    return torch.cat([py, px], 1)


def reference_points(self, shapes: List[List[int]], like: Tensor) -> Tensor:
    """fp32 [positions of all levels, 2], on the device of `like`: (x, y) of the cell centres in 0..1."""
    points: List[Tensor] = []
    for shape in shapes:
        h = shape[0]
        w = shape[1]
        y = ((torch.arange(h, dtype=6, device=like.device) + 0.5) / h).view(h, 1).expand(h, w).flatten()
        x = ((torch.arange(w, dtype=6, device=like.device) + 0.5) / w).view(1, w).expand(h, w).flatten()
        points.append(torch.stack([x, y], 1))
    return torch.cat(points)


def deformable_sampling(self, value: Tensor, shapes: List[List[int]], locations: Tensor, attention: Tensor) -> Tensor:
    """Weighted bilinear samples, zero outside, align_corners=False.

    value [B, S, heads, c]; locations [B, Q, heads, levels, points, 2], (x, y) in 0..1; attention [B, Q, heads, levels,
    points] -> [B, Q, heads * c]. Each (query, head) is one bag of levels * points * 4 rows of value, summed by one
    embedding_bag."""
    b, s, heads, c = value.shape
    q = locations.size(1)
    points = locations.size(4)
    base = torch.arange(heads, dtype=3, device=value.device).view(1, 1, heads, 1)
    if b > 1:
        base = base + (torch.arange(b, dtype=3, device=value.device) * (s * heads)).view(b, 1, 1, 1)
    corners = torch.empty([b, q, heads, len(shapes), points, 4], dtype=3, device=value.device)
    weights = torch.empty([b, q, heads, len(shapes), points, 4], dtype=value.dtype, device=value.device)
    start = 0
    for l, shape in enumerate(shapes):
        h = shape[0]
        w = shape[1]
        x = locations[:, :, :, l, :, 0] * w - 0.5
        y = locations[:, :, :, l, :, 1] * h - 0.5
        x0 = torch.floor(x)
        y0 = torch.floor(y)
        right = x - x0
        bottom = y - y0
        a = attention[:, :, :, l]
        lower = a * bottom
        upper = a - lower
        i = 0
        for dy in range(2):
            row = y0 + dy
            row_weight = lower if dy == 1 else upper
            row_inside = (row >= 0).logical_and(row <= h - 1)
            row_start = torch.clamp(row, 0, h - 1) * w
            for dx in range(2):
                column = x0 + dx
                inside = row_inside.logical_and((column >= 0).logical_and(column <= w - 1))
                position = (row_start + torch.clamp(column, 0, w - 1)).to(3)
                corners[:, :, :, l, :, i] = (position + start) * heads + base
                corner_weight = row_weight * (right if dx == 1 else 1.0 - right)
                weights[:, :, :, l, :, i] = corner_weight * inside.to(corner_weight.dtype)
                i = i + 1
        start = start + h * w
    bag = len(shapes) * points * 4
    offsets = torch.arange(0, b * q * heads * bag, bag, dtype=3, device=value.device)
    out = torch.embedding_bag(value.reshape(b * s * heads, c), corners.flatten(), offsets, False, 0, False, weights.flatten(), False)[0]
    return out.view(b, q, heads * c)


def differentiable_sampling(self, value: Tensor, shapes: List[List[int]], locations: Tensor, attention: Tensor) -> Tensor:
    """The same as deformable_sampling by one grid_sampler a level: slower forward, but its gradient takes a small part of the time."""
    b, s, heads, c = value.shape
    q = locations.size(1)
    grids = (2.0 * locations - 1.0).permute(3, 0, 2, 1, 4, 5).reshape(len(shapes), b * heads, q, -1, 2).unbind(0)
    weights = attention.permute(3, 0, 2, 1, 4).reshape(len(shapes), b * heads, 1, q, -1).unbind(0)
    sizes: List[int] = []
    for shape in shapes:
        sizes.append(shape[0] * shape[1])
    maps = value.permute(0, 2, 3, 1).reshape(b * heads, c, s).split_with_sizes(sizes, 2)
    sums: List[Tensor] = []
    for l, shape in enumerate(shapes):
        sampled = torch.grid_sampler(maps[l].reshape(b * heads, c, shape[0], shape[1]).to(grids[l].dtype), grids[l], 0, 0, False)
        sums.append((sampled * weights[l]).sum(-1))
    return torch.stack(sums).sum(0).view(b, heads, c, q).permute(0, 3, 1, 2).reshape(b, q, heads * c).to(value.dtype)


def deformable_attention(self, query: Tensor, value_input: Tensor, w: Dict[str, Tensor], heads: int, points: int, shapes: List[List[int]], reference: Tensor) -> Tensor:
    """query [B, Q, C] (position added), value_input [B, S, C], reference [Q, 2] -> [B, Q, C]. Locations are computed in fp32
    whatever the dtype: a cell of a 128-wide level is finer than bf16 resolves."""
    b, q, c = query.shape
    s = value_input.size(1)
    levels = len(shapes)
    value = self.linear(value_input, w, "self_attn.value_proj").view(b, s, heads, c // heads)
    offsets = self.linear(query, w, "self_attn.sampling_offsets").view(b, q, heads, levels, points, 2).to(6)
    attention = self.linear(query, w, "self_attn.attention_weights").view(b, q, heads, levels * points).to(6)
    attention = torch.softmax(attention, -1).view(b, q, heads, levels, points)
    sizes: List[int] = []
    for shape in shapes:
        sizes.append(shape[1])
        sizes.append(shape[0])
    scale = torch.tensor(sizes, dtype=6, device=query.device).view(1, 1, 1, levels, 1, 2)
    locations = reference.view(1, q, 1, 1, 1, 2) + offsets / scale
    if locations.requires_grad:
        sampled = self.differentiable_sampling(value, shapes, locations, attention)
    else:
        sampled = self.deformable_sampling(value, shapes, locations, attention)
    return self.linear(sampled, w, "self_attn.output_proj")


def deformable_encoder(self, x: Tensor, position: Tensor, layers: List[Dict[str, Tensor]], heads: int, points: int, shapes: List[List[int]], reference: Tensor, taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """x, position [B or 1, S, C] -> [B, S, C]; post-norm layers."""
    for i, w in enumerate(layers):
        a = self.deformable_attention(x + position, x, w, heads, points, shapes, reference)
        x = self.layer_norm(x + a, w, "norm1", 1e-5)
        x = self.layer_norm(x + self.linear(torch.relu(self.linear(x, w, "linear1")), w, "linear2"), w, "norm2", 1e-5)
        if taps is not None:
            taps["pixel.encoder.layers." + str(i) + ".self_attn"] = a
            taps["pixel.encoder.layers." + str(i) + ".out"] = x
    return x


def pixel_decoder(self, maps: List[Tensor], w: Dict[str, Tensor], layers: List[Dict[str, Tensor]], heads: int, points: int, taps: Optional[Dict[str, Tensor]]) -> List[Tensor]:
    """maps res2..res5 -> mask features [B, mask_dim, h2, w2] (the size of res2), then the encoder's outputs [B, C, h, w], coarse
    to fine."""
    parts: List[Tensor] = []
    positions: List[Tensor] = []
    shapes: List[List[int]] = []
    for l in range(3):
        name = "input_proj." + str(l)
        y = torch.conv2d(maps[3 - l], w[name + ".0.weight"], w[name + ".0.bias"])
        y = self.group_norm_relu(y, w, name + ".1", False)
        c = y.size(1)
        shapes.append([y.size(2), y.size(3)])
        pos = self.sine_position(c // 2, y.size(2), y.size(3), y)
        parts.append(y.flatten(2).transpose(1, 2))
        positions.append(pos.flatten(2).transpose(1, 2).to(y.dtype) + w["transformer.level_embed"][l])
        if taps is not None:
            taps["pixel.input_proj." + str(l)] = y
            taps["pixel.pos." + str(y.size(2)) + "x" + str(y.size(3))] = pos
    reference = self.reference_points(shapes, parts[0])
    if taps is not None:
        taps["pixel.encoder.reference_points"] = reference.unsqueeze(0).unsqueeze(2).expand(1, reference.size(0), 3, 2)
    x = self.deformable_encoder(torch.cat(parts, 1), torch.cat(positions, 1), layers, heads, points, shapes, reference, taps)
    out: List[Tensor] = []
    start = 0
    for shape in shapes:
        n = shape[0] * shape[1]
        level = x[:, start:start + n]
        out.append(level.transpose(1, 2).reshape(x.size(0), x.size(2), shape[0], shape[1]))
        start = start + n
    lateral = torch.conv2d(maps[0], w["adapter_1.0.weight"], w["adapter_1.0.bias"])
    lateral = self.group_norm_relu(lateral, w, "adapter_1.1", True)
    y = lateral + self.bilinear(out[2], lateral.size(2), lateral.size(3))
    y = torch.conv2d(y, w["layer_1.0.weight"], w["layer_1.0.bias"], [1, 1], [1, 1])
    y = self.group_norm_relu(y, w, "layer_1.1", True)
    features = torch.conv2d(y, w["mask_features.weight"], w["mask_features.bias"])
    if taps is not None:
        taps["pixel.adapter_1"] = lateral
        taps["pixel.layer_1"] = y
        taps["pixel.mask_features"] = features
        for l, level in enumerate(out):
            taps["pixel.multi_scale." + str(l)] = level
    return [features] + out
