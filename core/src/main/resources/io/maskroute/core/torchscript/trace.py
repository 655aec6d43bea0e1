# Activations under the names of the golden fixtures; only `trace` calls these.

def padded_tail(self, taps: Dict[str, Tensor], count: int) -> None:
    """The last tokens of the sequence, which are padding: no token attends to them."""
    taps["padded_tail"] = torch.full([1], count, dtype=4)


def tail_length(self, taps: Dict[str, Tensor]) -> int:
    return int(taps["padded_tail"]) if "padded_tail" in taps else 0


def hide_tail(self, mask: Tensor, tokens: int, text: int, taps: Dict[str, Tensor]) -> None:
    """mask [R, 1, tokens, keys], additive; the tail is there once more than the text is."""
    count = self.tail_length(taps)
    if count > 0 and tokens > text:
        mask[:, :, :, mask.size(3) - count:] = float("-inf")


def tap_sequence(self, taps: Dict[str, Tensor], prefix: Tensor, text: Tensor, late: Tensor) -> None:
    """prefix [1, P, d], text [1, T, d], late [L, d]: the LLM's whole input"""
    taps["llm.inputs_embeds"] = torch.cat([prefix, text, late.unsqueeze(0).to(prefix.dtype)], 1)


def tap_layout(self, taps: Dict[str, Tensor], before: int, image: int, text: int, latents_start: int, latents: int, masks: int, after: int, starts: List[int], ends: List[int], head: str, content: List[int]) -> None:
    """Numbers of tokens before the image, of the image, of the text, of the masks and after them, and which of the text are latents; starts, ends: the conditions' places in the text."""
    total = before + image + text + masks + after
    taps["llm.position_ids"] = torch.arange(total, dtype=4)
    seen = torch.ones([1, total], dtype=0)
    seen[:, total - self.tail_length(taps):] = 0
    taps.pop("padded_tail", seen)
    taps["llm.attention_mask"] = seen
    conditions = torch.zeros([1, total], dtype=4)
    for i in range(len(starts)):
        conditions[:, before + image + starts[i]:before + image + ends[i]] = i + 1
    if head == "SEG_proj":
        taps["llm.refer_embedding_indices"] = conditions
    elif head == "CLASS_proj":
        taps["llm.class_name_embedding_indices"] = conditions
    else:
        taps["llm.region_embedding_mask"] = (conditions > 0).to(0)
    if latents > 0:
        first = before + image + latents_start
        places = torch.zeros([1, total], dtype=0)
        places[:, first:first + latents] = 1
        taps["llm.temporal_query_mask"] = places
    queries = torch.zeros([1, total], dtype=0)
    queries[:, before + image + text:before + image + text + masks] = 1
    taps["llm.seg_query_mask"] = queries
    taps["post.crop_hw"] = torch.tensor(content, dtype=4)


def tap_conditions(self, taps: Dict[str, Tensor], pooled: Tensor, projected: Tensor, projector: str) -> None:
    """pooled [1, N, d] and projected [1, N, C] conditions; PSALM keeps regions by picture, in a list."""
    if projector == "SEG_token_projector":
        taps["refer.pooled"] = pooled
        taps["refer.projected"] = projected
    elif projector == "class_name_projector":
        taps["class.pooled"] = pooled
        taps["class.projected"] = projected
    else:
        taps["region.llm_out"] = pooled[0]
        taps["region.projected"] = projected[0]


def tap_condition_logits(self, taps: Dict[str, Tensor], step: str, logits: Tensor, head: str) -> None:
    """logits [1, Q, N]"""
    if head == "SEG_proj":
        taps[step + ".SEG_logits"] = logits
    elif head == "CLASS_proj":
        taps[step + ".class_logits"] = logits
    else:
        taps[step + ".region_logits"] = logits[0].t()


def trace_masks(self, embedding: Tensor, features: Tensor, input_size: int, size: int, content: List[int], original: List[int], taps: Dict[str, Tensor]) -> Tensor:
    """Every query's mask logits at the picture's original size [Q, H, W]; `input_size` is the network's."""
    coarse = self.mask_logits(embedding.unsqueeze(0), features)[0]
    taps["post.mask_logits_input_res"] = self.bilinear(coarse.unsqueeze(0), input_size, input_size)
    logits = self.full_size_logits(coarse, size, content, original)
    taps["post.mask_logits_in"] = logits
    return logits


def trace_referring(self, logits: Tensor, embedding: Tensor, features: Tensor, input_size: int, size: int, content: List[int], original: List[int], taps: Dict[str, Tensor]) -> None:
    """logits [Q, 1]"""
    masks = self.trace_masks(embedding, features, input_size, size, content, original, taps)
    scores = self.mask_scores(logits[:, 0], masks)
    taps["result.scores_query_order"] = scores
    # PSALM's order: top-k over all queries without sorting, which is no defined order.
    top, order = torch.topk(scores, scores.size(0), -1, True, False)
    taps["result.scores"] = top
    taps["result.pred_masks"] = (masks > 0).index_select(0, order).to(0)
    taps["result.best_query"] = torch.argmax(scores, -1, True)
    taps["result.best_mask"] = (masks[torch.argmax(scores)] > 0).to(0)
    taps["result.mask_quality"] = self.mask_quality(masks)


def join_segments(self, taps: Dict[str, Tensor], layers: int, norm: Dict[str, Tensor], eps: float, text: Tensor, late: Tensor) -> None:
    """Taps of prefix and suffix -> taps of the whole sequence."""
    prefix = self.layer_norm(taps["prefix.llm.layers." + str(layers - 1) + ".out"], norm, "final_layernorm", eps)
    taps["llm.last_hidden_state"] = torch.cat([prefix, text, late], 1)
    for i in range(layers):
        # No fixture names it: in a parallel block it is the attention's input too.
        for segment in ["prefix.", "suffix."]:
            taps.pop(segment + "llm.layers." + str(i) + ".ffn_input")
        for part in ["input_layernorm", "self_attn", "mlp", "out"]:
            name = "llm.layers." + str(i) + "." + part
            taps[name] = torch.cat([taps.pop("prefix." + name), taps.pop("suffix." + name)], 1)


def by_position(self, x: Tensor) -> Tensor:
    """keys or values [1, heads, P, c] -> [P, heads, c]"""
    return x[0].transpose(0, 1)


def tensor_dtype(self, x: Tensor) -> int:
    return x.dtype
