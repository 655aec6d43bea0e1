# Activations under the names of the golden fixtures; only `trace` calls these.

def tap_sequence(self, taps: Dict[str, Tensor], prefix: Tensor, text: Tensor, late: Tensor) -> None:
    """prefix [1, P, d], text [1, T, d], late [L, d]: the LLM's whole input"""
    taps["llm.inputs_embeds"] = torch.cat([prefix, text, late.unsqueeze(0).to(prefix.dtype)], 1)


def tap_layout(self, taps: Dict[str, Tensor], parts: List[int], content: List[int]) -> None:
    """parts: tokens before the image, of the image, of the task, of the condition, between it and the mask tokens, of the masks, after."""
    total = 0
    starts: List[int] = []
    for part in parts:
        starts.append(total)
        total = total + part
    taps["llm.position_ids"] = torch.arange(total, dtype=4)
    taps["llm.attention_mask"] = torch.ones([1, total], dtype=0)
    condition = torch.zeros([1, total], dtype=4)
    condition[:, starts[3]:starts[4]] = 1
    taps["llm.refer_embedding_indices"] = condition
    masks = torch.zeros([1, total], dtype=0)
    masks[:, starts[5]:starts[6]] = 1
    taps["llm.seg_query_mask"] = masks
    taps["post.crop_hw"] = torch.tensor(content, dtype=4)


def join_segments(self, taps: Dict[str, Tensor], layers: int, norm: Dict[str, Tensor], eps: float, text: Tensor, late: Tensor) -> None:
    """Taps of prefix and suffix -> taps of the whole sequence."""
    prefix = self.layer_norm(taps["prefix.llm.layers." + str(layers - 1) + ".out"], norm, "final_layernorm", eps)
    taps["llm.last_hidden_state"] = torch.cat([prefix, text, late], 1)
    for i in range(layers):
        for part in ["input_layernorm", "self_attn", "mlp", "out"]:
            name = "llm.layers." + str(i) + "." + part
            taps[name] = torch.cat([taps.pop("prefix." + name), taps.pop("suffix." + name)], 1)


def by_position(self, x: Tensor) -> Tensor:
    """keys or values [1, heads, P, c] -> [P, heads, c]"""
    return x[0].transpose(0, 1)


def tensor_dtype(self, x: Tensor) -> int:
    return x.dtype
