# Weights travel as Dict[str, Tensor], keyed by the checkpoint's own names below a module's prefix.
# `taps`, where a method takes it, receives named activations for `trace`, and for the ranking where image tokens are dropped; else
# None in production.

def new_dictionary(self, anything: Tensor) -> Dict[str, Tensor]:
    """An empty dictionary. An empty literal alone would be folded into a constant, the same object at every call."""
    fresh = {"": anything}
    fresh.pop("")
    return fresh


def put(self, tensors: Dict[str, Tensor], key: str, value: Tensor) -> None:
    tensors[key] = value


def new_weight(self, weights: Dict[str, Tensor], key: str, shape: List[int], dtype: int, device: str) -> None:
    """Room for a weight; `fill_weight` writes it in pieces, so that it never exists twice."""
    weights[key] = torch.empty(shape, dtype=dtype, device=device)


def fill_weight(self, weights: Dict[str, Tensor], key: str, start: int, piece: Tensor) -> None:
    """piece [n], any dtype, on the CPU: elements start .. start + n of the flattened weight."""
    weights[key].view(-1)[start:start + piece.size(0)].copy_(piece)


def extremes(self, weights: Dict[str, Tensor], key: str) -> Tensor:
    """The least and the largest element, fp32 [2]; NaN where any is NaN."""
    least, largest = torch.aminmax(weights[key])
    return torch.stack([least, largest]).to(6)


def linear(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    """x [..., in] -> [..., out]"""
    return torch.linear(x, w[name + ".weight"], w.get(name + ".bias"))


def layer_norm(self, x: Tensor, w: Dict[str, Tensor], name: str, eps: float) -> Tensor:
    return torch.layer_norm(x, [x.size(-1)], w[name + ".weight"], w[name + ".bias"], eps)


def group_norm_relu(self, x: Tensor, w: Dict[str, Tensor], name: str, relu: bool) -> Tensor:
    y = torch.group_norm(x, 32, w[name + ".weight"], w[name + ".bias"], 1e-5)
    return torch.relu(y) if relu else y


def gelu_tanh(self, x: Tensor) -> Tensor:
    return torch.gelu(x, approximate="tanh")


def gelu_erf(self, x: Tensor) -> Tensor:
    return torch.gelu(x)


def bilinear(self, x: Tensor, height: int, width: int) -> Tensor:
    """x [N, C, h, w] -> [N, C, height, width]; half-pixel centres, no antialiasing."""
    return torch.upsample_bilinear2d(x, [height, width], False, None)


def tap(self, taps: Optional[Dict[str, Tensor]], name: str, value: Tensor) -> None:
    if taps is not None:
        taps[name] = value


def normalize_pixels(self, pixels: Tensor, mean: List[float], std: List[float], dtype: int, device: str) -> Tensor:
    """pixels uint8 [B, 3, S, S] -> (pixels - mean) / std in `dtype` [B, 3, S, S]"""
    x = pixels.to(device).to(6)
    m = torch.tensor(mean, dtype=6, device=x.device).view(1, 3, 1, 1)
    s = torch.tensor(std, dtype=6, device=x.device).view(1, 3, 1, 1)
    return ((x - m) / s).to(dtype)


def owned_copy(self, x: Tensor) -> Tensor:
    return torch.clone(x)


def readable(self, x: Tensor, dtype: int) -> Tensor:
    """As Java can read it: on the CPU, in this dtype, contiguous."""
    return x.to("cpu").to(dtype).contiguous()


def wait_for(self, x: Tensor) -> float:
    return float(x.flatten()[0])


def no_taps(self) -> Optional[Dict[str, Tensor]]:
    return None


def view(self, x: Tensor, shape: List[int]) -> Tensor:
    return x.view(shape)


def without_last(self, x: Tensor) -> Tensor:
    return x[:, :-1]


def is_one(self, x: Tensor) -> Tensor:
    return x == 1


def no_tensors(self) -> List[Tensor]:
    out: List[Tensor] = []
    return out


def column(self, x: Tensor, index: int) -> Tensor:
    return x[:, index]


def to_device_of(self, x: Tensor, other: Tensor) -> Tensor:
    return x.to(other.device)


def row(self, x: Tensor, index: int) -> Tensor:
    return x[index]


def rows(self, x: Tensor, start: int, end: int) -> Tensor:
    return x[start:end]


def rows_at(self, x: Tensor, which: Tensor) -> Tensor:
    return x.index_select(0, which)


def rows_of_each(self, tensors: List[Tensor], start: int, end: int) -> List[Tensor]:
    out: List[Tensor] = []
    for x in tensors:
        out.append(x[start:end])
    return out


def at(self, tensors: List[Tensor], index: int) -> Tensor:
    return tensors[index]


def matrix_product(self, a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(a, b)


def to_device(self, x: Tensor, device: str) -> Tensor:
    return x.to(device)


def cast(self, x: Tensor, dtype: int, device: str) -> Tensor:
    return x.to(device).to(dtype)


def weight(self, weights: Dict[str, Tensor], key: str) -> Tensor:
    return weights[key]
