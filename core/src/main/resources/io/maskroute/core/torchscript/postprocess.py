# From mask logits to masks of the picture's own size.

def full_size_logits(self, logits: Tensor, size: int, content: List[int], original: List[int]) -> Tensor:
    """logits fp32 [N, h2, w2] -> [N, size, size] -> cut to the picture [N, content] -> original size. `size` is the network's
    input size rounded up to PSALM's size divisibility: the original resizes to the padded batch."""
    x = self.bilinear(logits.unsqueeze(0), size, size)
    x = x[:, :, :content[0], :content[1]]
    return self.bilinear(x, original[0], original[1])[0]


def mask_quality(self, logits: Tensor) -> Tensor:
    """logits [N, H, W] -> [N]: the mean probability of the pixels above zero, 0 where there is none."""
    inside = (logits > 0).to(logits.dtype)
    return (torch.sigmoid(logits) * inside).flatten(1).sum(1) / (inside.flatten(1).sum(1) + 1e-6)


def mask_scores(self, condition_logits: Tensor, logits: Tensor) -> Tensor:
    """condition_logits [N], logits [N, H, W] -> [N]"""
    return torch.sigmoid(condition_logits) * self.mask_quality(logits)


def best_mask(self, condition_logits: Tensor, embedding: Tensor, features: Tensor, size: int, content: List[int], original: List[int], pixels: int) -> Tuple[Tensor, Tensor, Tensor]:
    """The query with the highest score = sigmoid(condition logit) * mask quality, found without resizing every mask.

    condition_logits fp32 [Q], embedding fp32 [Q, mask_dim], features fp32 [1, mask_dim, h2, w2] -> score fp32 [], query int64 [], mask uint8 [W, H] of
    0 and 1 (column by column). Where any logit is not finite, the score is NaN and there is no mask.

    Bilinear resizing averages, so no pixel's probability exceeds the sigmoid of the largest coarse logit, and so does not the
    quality; queries are tried in order of that bound until it falls below the best score found. Exact: the same query as
    from resizing all, the lowest index among equals. `pixels` bounds the masks that are resized at once, of which there is always one."""
    coarse = self.mask_logits(embedding.unsqueeze(0), features)[0]
    highest = coarse.flatten(1).amax([1])
    finite = bool(torch.isfinite(torch.stack([condition_logits, highest, coarse.flatten(1).amin([1])])).all())
    bound = torch.sigmoid(condition_logits) * torch.sigmoid(highest)
    order = torch.argsort(bound, -1, True)
    sorted_bound = bound.index_select(0, order)
    # Nothing compares with NaN: no query is tried then.
    best = torch.full([], -1.0 if finite else float("nan"), dtype=6, device=coarse.device)
    query = torch.zeros([], dtype=4, device=coarse.device)
    mask = torch.zeros([1], dtype=0, device=coarse.device)
    # Many together cost less than one by one; the first few are often enough.
    most = min(16, max(1, pixels // max(size * size, original[0] * original[1])))
    chunk = min(4, most)
    start = 0
    n = order.size(0)
    while start < n and float(sorted_bound[start]) * (1.0 + 1e-5) >= float(best):
        some = torch.sort(order[start:start + chunk])[0]
        logits = self.full_size_logits(coarse.index_select(0, some), size, content, original)
        scores = self.mask_scores(condition_logits.index_select(0, some), logits)
        top = torch.argmax(scores)
        better = float(scores[top]) > float(best)
        if float(scores[top]) == float(best):
            better = int(some[top]) < int(query)
        if better:
            best = scores[top]
            query = some[top]
            mask = (logits[top] > 0).t().contiguous().to(0)
        start = start + chunk
        chunk = most
    return best, query, mask
