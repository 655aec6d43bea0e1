# Swin map -> image tokens.

def batch_norm(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return torch.batch_norm(x, w[name + ".weight"], w[name + ".bias"], w[name + ".running_mean"], w[name + ".running_var"], False, 0.0, 1e-5, False)


def swin_conv_projector(self, x: Tensor, w: Dict[str, Tensor], taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """x [B, C, h, w] -> image tokens [B, ceil(h/2) * ceil(w/2), d], row by row. conv2 runs twice with the same weights, as
    PSALM's block does."""
    y = torch.conv2d(x, w["layer1.0.conv1.weight"], None, [2, 2], [1, 1])
    y = torch.relu(self.batch_norm(y, w, "layer1.0.bn1"))
    y = torch.conv2d(y, w["layer1.0.conv2.weight"], None, [1, 1], [1, 1])
    y = torch.conv2d(y, w["layer1.0.conv2.weight"], None, [1, 1], [1, 1])
    y = self.batch_norm(y, w, "layer1.0.bn2")
    shortcut = self.batch_norm(torch.conv2d(x, w["layer1.0.downsample.0.weight"], None, [2, 2]), w, "layer1.0.downsample.1")
    y = torch.relu(y + shortcut)
    self.tap(taps, "projector.conv_out", y)
    tokens = self.linear(y.flatten(2).transpose(1, 2), w, "fc")
    self.tap(taps, "projector.image_tokens", tokens)
    return tokens


def linear_projector(self, x: Tensor, w: Dict[str, Tensor], taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """x [B, C, h, w] -> image tokens [B, h * w, d]; one linear layer per position (`linear`)."""
    tokens = torch.linear(x.flatten(2).transpose(1, 2), w["weight"], w["bias"])
    self.tap(taps, "projector.image_tokens", tokens)
    return tokens


def mlp_projector(self, x: Tensor, w: Dict[str, Tensor], taps: Optional[Dict[str, Tensor]]) -> Tensor:
    """x [B, C, h, w] -> image tokens [B, h * w, d]; linear, GELU, linear per position (`mlp`)."""
    tokens = self.linear(self.gelu_erf(self.linear(x.flatten(2).transpose(1, 2), w, "0")), w, "2")
    self.tap(taps, "projector.image_tokens", tokens)
    return tokens
