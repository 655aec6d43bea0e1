# SigLIP (Zhai et al. 2023), a plain vision transformer without a class token. What HyperSeg reads is the input of the last layer.

def stretched_pixels(self, pixels: Tensor, dtype: int, device: str) -> Tensor:
    """uint8 [B, 3, S, S] -> (v / 255 - 0.5) / 0.5 in `dtype`. In two fp32 divisions: with reciprocals some levels come out one bit off."""
    return ((pixels.to(device).to(6) / 255.0 - 0.5) / 0.5).to(dtype)


def siglip_embeddings(self, pixels: Tensor, w: Dict[str, Tensor], patch: int) -> Tensor:
    """pixels [B, 3, S, S] -> [B, floor(S / patch)^2, C], row by row; pixels behind the last whole patch are left out."""
    x = torch.conv2d(pixels, w["embeddings.patch_embedding.weight"], w["embeddings.patch_embedding.bias"], [patch, patch])
    return x.flatten(2).transpose(1, 2) + w["embeddings.position_embedding.weight"]


def heads_apart(self, x: Tensor, heads: int) -> Tensor:
    """[B, T, heads * c] -> [B, heads, T, c]"""
    b, t, c = x.shape
    return x.view(b, t, heads, c // heads).transpose(1, 2)


def siglip_layer(self, x: Tensor, w: Dict[str, Tensor], heads: int, eps: float) -> Tensor:
    """x [B, T, C] -> the same shape."""
    h = self.layer_norm(x, w, "layer_norm1", eps)
    q = self.heads_apart(self.linear(h, w, "self_attn.q_proj"), heads)
    k = self.heads_apart(self.linear(h, w, "self_attn.k_proj"), heads)
    v = self.heads_apart(self.linear(h, w, "self_attn.v_proj"), heads)
    a = torch.scaled_dot_product_attention(q, k, v)
    x = x + self.linear(a.transpose(1, 2).flatten(2), w, "self_attn.out_proj")
    h = self.layer_norm(x, w, "layer_norm2", eps)
    return x + self.linear(self.gelu_tanh(self.linear(h, w, "mlp.fc1")), w, "mlp.fc2")


def siglip(self, pixels: Tensor, w: Dict[str, Tensor], layers: List[Dict[str, Tensor]], used: int, patch: int, heads: int, eps: float, taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """pixels [B, 3, S, S] -> what the first `used` layers make of it, [B, N, C]. A further layer, where there is one, is run for `taps` alone."""
    x = self.siglip_embeddings(pixels, w, patch)
    self.tap(taps, "siglip.embeddings", x)
    tokens = x
    for i, layer in enumerate(layers):
        if i < used or taps is not None:
            x = self.siglip_layer(x, layer, heads, eps)
            self.tap(taps, "siglip.layers." + str(i) + ".out", x)
        if i < used:
            tokens = x
    self.tap(taps, "siglip.tokens", tokens)
    return tokens


def siglip_projector(self, x: Tensor, w: Dict[str, Tensor], taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """x [B, N, C] -> image tokens [B, N, d]"""
    hidden = self.linear(x, w, "0")
    self.tap(taps, "projector.fc0", hidden)
    hidden = self.gelu_erf(hidden)
    self.tap(taps, "projector.gelu", hidden)
    tokens = self.linear(hidden, w, "2")
    self.tap(taps, "projector.image_tokens", tokens)
    return tokens
