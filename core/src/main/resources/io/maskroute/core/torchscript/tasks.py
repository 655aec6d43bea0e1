# What the tasks of classes make of logits; `postprocess.py` has what is common. Masks of the picture's original size are made a
# few at a time: `pixels` bounds those that exist at once, of which there is always one.

def at_once(self, size: int, original: List[int], pixels: int) -> int:
    """How many masks are resized together."""
    return max(1, pixels // max(size * size, original[0] * original[1]))


def coarse_masks(self, embedding: Tensor, features: Tensor) -> Tensor:
    """embedding [Q, mask_dim], features [1, mask_dim, h2, w2] -> logits [Q, h2, w2]"""
    return self.mask_logits(embedding.unsqueeze(0), features)[0]


def finite_masks(self, embedding: Tensor, features: Tensor) -> bool:
    return bool(torch.isfinite(self.coarse_masks(embedding, features)).all())


def class_probabilities(self, logits: Tensor) -> Tensor:
    """logits [Q, N] -> [Q, N]; the background, which is the last, among them"""
    return torch.softmax(logits, -1)


def condition_probabilities(self, logits: Tensor) -> Tensor:
    """logits [Q] of one condition -> [Q]"""
    return torch.sigmoid(logits)


def column_major(self, mask: Tensor) -> Tensor:
    """bool [H, W] -> uint8 [W, H]"""
    return mask.t().contiguous().to(0)


def query_masks(self, embedding: Tensor, features: Tensor, size: int, content: List[int], original: List[int], queries: Tensor) -> List[Tensor]:
    """The quality [n] of these queries' masks (int64 [n]), then each mask, uint8 [W, H] of 0 and 1."""
    coarse = self.coarse_masks(embedding.index_select(0, queries), features)
    logits = self.full_size_logits(coarse, size, content, original)
    out: List[Tensor] = [self.mask_quality(logits)]
    for mask in logits.unbind(0):
        out.append(self.column_major(mask > 0))
    return out


def panoptic_winners(self, embedding: Tensor, features: Tensor, size: int, content: List[int], original: List[int], queries: Tensor, probabilities: Tensor, pixels: int) -> List[Tensor]:
    """Which of these queries (int64 [K] with fp32 class probabilities [K]) each pixel belongs to: the one with the highest
    probability of class and mask together, the first among equals.

    -> int64 winner [H, W], an index into `queries`; bool sure [H, W], whether the winner's mask has probability of at least one half
    there; per query int64 [K] pixels won, pixels won that are sure, pixels of its mask with at least one half."""
    coarse = self.coarse_masks(embedding.index_select(0, queries), features)
    best = torch.full(original, -1.0, device=coarse.device)
    winner = torch.zeros(original, dtype=4, device=coarse.device)
    sure = torch.zeros(original, dtype=11, device=coarse.device)
    areas: List[Tensor] = []
    step = self.at_once(size, original, pixels)
    k = queries.size(0)
    for start in range(0, k, step):
        masks = torch.sigmoid(self.full_size_logits(coarse[start:start + step], size, content, original))
        inside = masks >= 0.5
        areas.append(inside.flatten(1).sum(1))
        scores, which = (probabilities[start:start + step].view(-1, 1, 1) * masks).max(0)
        better = scores > best
        best = torch.where(better, scores, best)
        winner = torch.where(better, which + start, winner)
        sure = torch.where(better, inside.gather(0, which.unsqueeze(0))[0], sure)
    flat = winner.flatten()
    won = torch.bincount(flat, None, k)
    won_surely = torch.bincount(flat.masked_select(sure.flatten()), None, k)
    return [winner, sure, won, won_surely, torch.cat(areas)]


def segment_mask(self, winner: Tensor, sure: Tensor, members: Tensor) -> Tensor:
    """The pixels that these queries (int64 [M]) won surely, uint8 [W, H]."""
    mine = torch.zeros_like(sure)
    for member in members.unbind(0):
        mine = mine.logical_or(winner == member)
    return self.column_major(mine.logical_and(sure))


def semantic_maps(self, probabilities: Tensor, masks: Tensor, original: List[int]) -> Tensor:
    """probabilities [Q, c] of classes and masks [Q, h, w], the picture's part of the square -> how much of each class is where, at
    the picture's original size [c, H, W]. PSALM sums over the queries before it resizes."""
    q, h, w = masks.shape
    maps = torch.matmul(probabilities.t(), masks.flatten(1)).view(1, -1, h, w)
    return self.bilinear(maps, original[0], original[1])[0]


def semantic_labels(self, probabilities: Tensor, embedding: Tensor, features: Tensor, size: int, content: List[int], original: List[int], pixels: int) -> List[Tensor]:
    """probabilities [Q, C] without background -> int64 label [H, W], the class of which there is most, the first among equals;
    per class int64 [C] its pixels and fp32 [C] the sum over them of its share of all classes."""
    coarse = self.coarse_masks(embedding, features)
    step = self.at_once(size, original, pixels)
    masks = torch.empty([coarse.size(0), content[0], content[1]], device=coarse.device)
    for start in range(0, coarse.size(0), step):
        some = self.bilinear(coarse[start:start + step].unsqueeze(0), size, size)[0, :, :content[0], :content[1]]
        masks[start:start + step] = torch.sigmoid(some)
    best = torch.full(original, -1.0, device=coarse.device)
    total = torch.zeros(original, device=coarse.device)
    label = torch.zeros(original, dtype=4, device=coarse.device)
    classes = probabilities.size(1)
    for start in range(0, classes, step):
        maps = self.semantic_maps(probabilities[:, start:start + step], masks, original)
        total = total + maps.sum(0)
        most, which = maps.max(0)
        better = most > best
        best = torch.where(better, most, best)
        label = torch.where(better, which + start, label)
    flat = label.flatten()
    share = (best / torch.clamp(total, 1e-12)).flatten()
    return [label, torch.bincount(flat, None, classes), torch.bincount(flat, share, classes)]


def label_mask(self, label: Tensor, which: int) -> Tensor:
    """int64 [H, W] -> uint8 [W, H]: the pixels with this label"""
    return self.column_major(label == which)


def trace_classes(self, logits: Tensor, embedding: Tensor, features: Tensor, input_size: int, size: int, content: List[int], original: List[int], taps: Dict[str, Tensor], things: Tensor) -> None:
    """As PSALM's instance mode, top-k over all pairs of query and class, of which those of the classes in bool `things` [C] are kept."""
    masks = self.trace_masks(embedding, features, input_size, size, content, original, taps)
    probabilities = self.class_probabilities(logits)
    quality = self.mask_quality(masks)
    taps["result.class_prob"] = probabilities
    taps["result.mask_quality"] = quality
    classes = logits.size(1) - 1
    top, pairs = torch.topk(probabilities[:, :-1].flatten(), logits.size(0), -1, True, False)
    labels = torch.remainder(pairs, classes)
    kept = things.to(labels.device).index_select(0, labels)
    queries = torch.div(pairs, classes, rounding_mode="floor").masked_select(kept)
    taps["result.scores"] = top.masked_select(kept) * quality.index_select(0, queries)
    taps["result.pred_masks"] = (masks.index_select(0, queries) > 0).to(0)
    taps["result.pred_classes"] = labels.masked_select(kept)


def trace_panoptic(self, logits: Tensor, embedding: Tensor, features: Tensor, input_size: int, size: int, content: List[int], original: List[int], taps: Dict[str, Tensor], segments: List[Tensor]) -> None:
    """segments: masks uint8 [W, H], of ids 1, 2, …"""
    masks = self.full_size_logits(self.coarse_masks(embedding, features), size, content, original)
    taps["result.sem_seg"] = torch.einsum("qc,qhw->chw", [self.class_probabilities(logits)[:, :-1], torch.sigmoid(masks)])
    painted = torch.zeros(original, dtype=4)
    for i, segment in enumerate(segments):
        painted = painted + (i + 1) * segment.to("cpu").t().to(4)
    taps["result.panoptic_seg"] = painted


def trace_semantic(self, logits: Tensor, embedding: Tensor, features: Tensor, input_size: int, size: int, content: List[int], original: List[int], taps: Dict[str, Tensor]) -> None:
    """PSALM's semantic mode scores masks of the whole square."""
    coarse = self.coarse_masks(embedding, features)
    masks = self.bilinear(coarse.unsqueeze(0), size, size)[0]
    taps["post.mask_logits_input_res"] = self.bilinear(coarse.unsqueeze(0), input_size, input_size)
    taps["post.mask_logits_in"] = masks
    probabilities = self.class_probabilities(logits)
    taps["result.class_prob"] = probabilities
    taps["result.sem_seg"] = self.semantic_maps(probabilities[:, :-1], torch.sigmoid(masks[:, :content[0], :content[1]]), original)


def trace_regions(self, logits: Tensor, embedding: Tensor, features: Tensor, input_size: int, size: int, content: List[int], original: List[int], taps: Dict[str, Tensor]) -> None:
    """logits [Q, R]"""
    masks = self.trace_masks(embedding, features, input_size, size, content, original, taps)
    taps["result.scores"] = torch.sigmoid(logits) * self.mask_quality(masks).unsqueeze(1)
    taps["result.pred_masks"] = (masks > 0).to(0)


def trace_truth(self, masks: Tensor, content: List[int], original: List[int]) -> Tensor:
    """uint8 masks [R, S, S] of the square -> [R, H, W] at the picture's size: what PSALM scores regions against."""
    return self.bilinear(masks[:, :content[0], :content[1]].unsqueeze(0), original[0], original[1])[0]
