# Mask2Former's transformer decoder with mask tokens as queries. All that depends on the picture alone is done once per
# picture (decoder_memory) and shared by its prompts. Several pictures run together where they have equally many prompts.

def decoder_layer(self, cross: Dict[str, Tensor], self_attention: Dict[str, Tensor], ffn: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """One layer's weights in one dictionary, under cross., self. and ffn."""
    out: Dict[str, Tensor] = {}
    for key in cross.keys():
        out["cross." + key] = cross[key]
    for key in self_attention.keys():
        out["self." + key] = self_attention[key]
    for key in ffn.keys():
        out["ffn." + key] = ffn[key]
    return out


def decoder_features(self, decoded: List[Tensor], start: int, end: int, dtype: int) -> List[Tensor]:
    """What the pixel decoder gave for some of the pictures, in the dtype of the mask decoder's weights."""
    out: List[Tensor] = []
    for x in self.rows_of_each(decoded, start, end):
        out.append(x.to(dtype))
    return out


def decoder_memory(self, decoded: List[Tensor], w: Dict[str, Tensor], layers: List[Dict[str, Tensor]], heads: int) -> List[Tensor]:
    """mask features [P, mask_dim, h2, w2] and levels [P, C, h, w] of pictures -> keys and values of every decoder layer, k0, v0,
    k1, v1 …, each [P, heads, h * w, C/heads], then the mask features shrunk to each level, [P, mask_dim, h * w].

    Masks are linear in the features and so is the bilinear resize: embedding . resize(features) is
    resize(embedding . features), which the attention masks need, at a fraction of the products."""
    features = decoded[0]
    levels = decoded[1:]
    memory: List[Tensor] = []
    values: List[Tensor] = []
    positions: List[Tensor] = []
    for l, level in enumerate(levels):
        _, c, height, width = level.shape
        values.append(level.flatten(2).transpose(1, 2) + w["level_embed.weight"][l])
        positions.append(self.sine_position(c // 2, height, width, level).to(level.dtype).flatten(2).transpose(1, 2))
    for i, layer in enumerate(layers):
        l = i % len(levels)
        k, v = self.cross_keys_values(values[l], positions[l], layer, heads)
        memory.append(k)
        memory.append(v)
    for level in levels:
        memory.append(self.bilinear(features, level.size(2), level.size(3)).flatten(2))
    return memory


def cross_keys_values(self, values: Tensor, position: Tensor, layer: Dict[str, Tensor], heads: int) -> Tuple[Tensor, Tensor]:
    """values [P, S, C], position [1, S, C] -> keys and values [P, heads, S, C/heads]; the position goes to the keys alone."""
    p, s, c = values.shape
    weight = layer["cross.multihead_attn.in_proj_weight"]
    bias = layer["cross.multihead_attn.in_proj_bias"]
    k = torch.linear(values + position, weight[c:2 * c], bias[c:2 * c])
    v = torch.linear(values, weight[2 * c:], bias[2 * c:])
    return k.view(p, s, heads, c // heads).transpose(1, 2), v.view(p, s, heads, c // heads).transpose(1, 2)


def mask_embedding(self, x: Tensor, w: Dict[str, Tensor]) -> Tensor:
    """Normalised queries [R, Q, C] -> [R, Q, mask_dim]"""
    y = torch.relu(self.linear(x, w, "mask_embed.layers.0"))
    y = torch.relu(self.linear(y, w, "mask_embed.layers.1"))
    return self.linear(y, w, "mask_embed.layers.2")


def condition_logits(self, x: Tensor, condition: Tensor, w: Dict[str, Tensor], head: str) -> Tensor:
    """Normalised queries [R, Q, C] . conditions [R, N, C] -> [R, Q, N]: how well each query answers each condition."""
    y = self.linear(torch.relu(self.linear(x, w, head + ".layers.0")), w, head + ".layers.1")
    return torch.bmm(y, condition.transpose(1, 2))


def blocked_positions(self, logits: Tensor) -> Tensor:
    """A query does not attend where its mask's probability is below one half."""
    return logits < 0


def shrunken_logits(self, embedding: Tensor, features: Tensor) -> Tensor:
    """embedding [R, Q, mask_dim], shrunken features [P, mask_dim, S] of the pictures, each with R / P of the prompts -> [R, Q, S]"""
    r, q, d = embedding.shape
    return torch.matmul(embedding.view(features.size(0), -1, d), features).view(r, q, -1)


def decoder_cross_attention(self, x: Tensor, query_position: Tensor, layer: Dict[str, Tensor], k: Tensor, v: Tensor, blocked: Tensor, heads: int) -> Tensor:
    """x [R, Q, C], query_position [Q, C], k and v [P, heads, S, C/heads], blocked bool [R, Q, S] -> [R, Q, C]. A row that is
    blocked everywhere is freed. The queries of a picture's prompts stand behind each other, so that none copies its keys."""
    r, q, c = x.shape
    p = k.size(0)
    blocked = blocked.logical_and(blocked.all(-1, True).logical_not())
    weight = layer["cross.multihead_attn.in_proj_weight"]
    bias = layer["cross.multihead_attn.in_proj_bias"]
    query = torch.linear(x + query_position, weight[:c], bias[:c]).view(p, -1, heads, c // heads).transpose(1, 2)
    y = torch.scaled_dot_product_attention(query, k, v, blocked.logical_not().view(p, 1, -1, k.size(2)))
    y = self.linear(y.transpose(1, 2).reshape(r, q, c), layer, "cross.multihead_attn.out_proj")
    return self.layer_norm(x + y, layer, "cross.norm", 1e-5)


def decoder_self_attention(self, x: Tensor, query_position: Tensor, layer: Dict[str, Tensor], heads: int) -> Tensor:
    """x [R, Q, C] -> the same shape; the position goes to queries and keys, not to values."""
    r, q, c = x.shape
    weight = layer["self.self_attn.in_proj_weight"]
    bias = layer["self.self_attn.in_proj_bias"]
    qk = torch.linear(x + query_position, weight[:2 * c], bias[:2 * c]).view(r, q, 2, heads, c // heads).permute(2, 0, 3, 1, 4).unbind(0)
    v = torch.linear(x, weight[2 * c:], bias[2 * c:]).view(r, q, heads, c // heads).transpose(1, 2)
    y = torch.scaled_dot_product_attention(qk[0], qk[1], v)
    y = self.linear(y.transpose(1, 2).reshape(r, q, c), layer, "self.self_attn.out_proj")
    return self.layer_norm(x + y, layer, "self.norm", 1e-5)


def decoder_ffn(self, x: Tensor, layer: Dict[str, Tensor]) -> Tensor:
    y = self.linear(torch.relu(self.linear(x, layer, "ffn.linear1")), layer, "ffn.linear2")
    return self.layer_norm(x + y, layer, "ffn.norm", 1e-5)


def decoder_states(self, queries: Tensor, condition: Tensor, memory: List[Tensor], features: Tensor, w: Dict[str, Tensor], layers: List[Dict[str, Tensor]], heads: int, head: str, taps: Optional[Dict[str, Tensor]]) -> List[Tensor]:
    """queries [R, Q, C] and conditions [R, N, C] of prompts, memory of decoder_memory of their P pictures, features
    [P, mask_dim, h2, w2] -> the queries before the first layer and after each one. Each picture has R / P prompts, one behind the
    other."""
    position = w["query_embed.weight"]
    levels = len(memory) - 2 * len(layers)
    x = queries
    states = [x]
    for i, layer in enumerate(layers):
        embedding = self.mask_embedding(self.layer_norm(x, w, "decoder_norm", 1e-5), w)
        blocked = self.blocked_positions(self.shrunken_logits(embedding, memory[2 * len(layers) + i % levels]))
        self.decoder_step_taps(taps, i, i % levels, levels, x, condition, memory, features, w, head)
        x = self.decoder_cross_attention(x, position, layer, memory[2 * i], memory[2 * i + 1], blocked, heads)
        self.tap(taps, "decoder.layer" + str(i) + ".after_cross", x)
        x = self.decoder_self_attention(x, position, layer, heads)
        self.tap(taps, "decoder.layer" + str(i) + ".after_self", x)
        x = self.decoder_ffn(x, layer)
        states.append(x)
    self.decoder_step_taps(taps, len(layers), len(layers) % levels, levels, x, condition, memory, features, w, head)
    return states


def mask_decoder(self, queries: Tensor, condition: Tensor, memory: List[Tensor], features: Tensor, w: Dict[str, Tensor], layers: List[Dict[str, Tensor]], heads: int, head: str, taps: Optional[Dict[str, Tensor]]) -> Tuple[Tensor, Tensor]:
    """What decoder_states takes -> condition logits [R, Q, N], mask embeddings [R, Q, mask_dim]; the masks are embedding . features."""
    x = self.decoder_states(queries, condition, memory, features, w, layers, heads, head, taps)[-1]
    y = self.layer_norm(x, w, "decoder_norm", 1e-5)
    return self.condition_logits(y, condition, w, head), self.mask_embedding(y, w)


def decoder_step_taps(self, taps: Optional[Dict[str, Tensor]], step: int, level: int, levels: int, x: Tensor, condition: Tensor, memory: List[Tensor], features: Tensor, w: Dict[str, Tensor], head: str) -> None:
    """What PSALM computes in its prediction heads before each layer and after the last; only its shrunken mask is needed to run."""
    if taps is not None:
        name = "decoder.step" + str(step)
        y = self.layer_norm(x, w, "decoder_norm", 1e-5)
        embedding = self.mask_embedding(y, w)
        taps[name + ".query_in"] = x
        self.tap_condition_logits(taps, name, self.condition_logits(y, condition, w, head), head)
        taps[name + ".mask_logits"] = self.mask_logits(embedding, features)
        taps[name + ".attn_mask"] = self.blocked_positions(self.shrunken_logits(embedding, memory[len(memory) - levels + level]))


def mask_logits(self, embedding: Tensor, features: Tensor) -> Tensor:
    """embedding [R, Q, mask_dim] . features [1, mask_dim, h, w] -> [R, Q, h, w]"""
    return torch.matmul(embedding, features.flatten(2)).view(embedding.size(0), embedding.size(1), features.size(2), features.size(3))
