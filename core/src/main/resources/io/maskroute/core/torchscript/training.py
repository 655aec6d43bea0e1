# Losses and optimiser for training. Gradients flow through the same methods that inference uses; what is only here is what a
# finished model never needs: a loss at every step of the mask decoder, matching, and the update of the weights.

def trainable(self, weights: Dict[str, Tensor], key: str) -> Tensor:
    """Marks a weight as a leaf whose gradient is wanted."""
    return weights[key].requires_grad_(True)


def freeze(self, weight: Tensor) -> None:
    weight.requires_grad_(False)


def pixel_loss(self, logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross entropy over the last dimension; logits and target [..., P] -> [...]"""
    return (torch.clamp(logits, 0.0) - logits * target + torch.log1p(torch.exp(-torch.abs(logits)))).mean(-1)


def dice_loss(self, logits: Tensor, target: Tensor) -> Tensor:
    """1 - (2 |p t| + 1) / (|p| + |t| + 1), as Mask2Former has it; logits and target [..., P] -> [...]"""
    p = torch.sigmoid(logits)
    return 1.0 - (2.0 * (p * target).sum(-1) + 1.0) / (p.sum(-1) + target.sum(-1) + 1.0)


def matched_query(self, embedding: Tensor, scores: Tensor, features: Tensor, target: Tensor, weights: List[float]) -> Tensor:
    """The query of each prompt that costs least against its mask: with one mask to a prompt, what the Hungarian method finds.

    embedding [R, Q, mask_dim], scores [R, Q], features [mask_dim, P], target [R, P] -> int64 [R]"""
    logits = torch.matmul(embedding.detach(), features.detach())
    goal = target.unsqueeze(1)
    p = torch.sigmoid(logits)
    # Without the terms that are the same for all queries of a prompt.
    cells = (torch.clamp(logits, 0.0) + torch.log1p(torch.exp(-torch.abs(logits)))).mean(-1) - torch.matmul(logits, target.unsqueeze(2)).squeeze(2) / target.size(1)
    overlap = torch.matmul(p, target.unsqueeze(2)).squeeze(2)
    dice = 1.0 - (2.0 * overlap + 1.0) / (p.sum(-1) + goal.sum(-1) + 1.0)
    cost = weights[0] * cells + weights[1] * dice - weights[2] * torch.sigmoid(scores.detach())
    return torch.argmin(cost, 1)


def step_losses(self, x: Tensor, condition: Tensor, features: Tensor, target: Tensor, w: Dict[str, Tensor], weights: List[float]) -> Tensor:
    """Losses after one step of the mask decoder: x [R, Q, C], condition [R, C], features [mask_dim, P], target [R, P] -> fp32 [3]:
    pixels, dice, score, each summed over the prompts. A prompt without a target has no mask to learn, only low scores.
    The matched query's mask loss weighs 1 - weights[3], the mean over all queries weights[3]."""
    y = self.layer_norm(x, w, "decoder_norm", 1e-5)
    embedding = self.mask_embedding(y, w)
    scores = self.condition_logits(y, condition.unsqueeze(1), w, "SEG_proj").squeeze(2)
    exists = (target.amax([1]) > 0).to(scores.dtype)
    best = self.matched_query(embedding, scores, features, target, weights)
    chosen = embedding.gather(1, best.view(-1, 1, 1).expand(-1, 1, embedding.size(2))).squeeze(1)
    logits = torch.matmul(chosen, features)
    pixels = self.pixel_loss(logits, target)
    dice = self.dice_loss(logits, target)
    if weights[3] > 0:
        every = torch.matmul(embedding, features)
        goal = target.unsqueeze(1)
        pixels = torch.lerp(pixels, self.pixel_loss(every, goal).mean(1), weights[3])
        dice = torch.lerp(dice, self.dice_loss(every, goal).mean(1), weights[3])
    positive = torch.zeros_like(scores).scatter(1, best.unsqueeze(1), 1.0) * exists.unsqueeze(1)
    wrong = torch.clamp(scores, 0.0) - scores * positive + torch.log1p(torch.exp(-torch.abs(scores)))
    # One query of many is right: it weighs as much as the others together.
    score = (wrong * positive).sum(1) + (wrong * (1.0 - positive)).sum(1) / max(scores.size(1) - 1, 1)
    return torch.stack([(pixels * exists).sum(), (dice * exists).sum(), score.sum()])


def pointing_loss(self, condition: Tensor, places: Tensor, target: Tensor) -> Tensor:
    """How well condition . places says where the condition is meant, summed over the prompts: condition [R, C], places [C, P],
    target [R, P] -> fp32 []. Cross entropy alone, times ten, for most places are of no interest and soon cost nothing: a dice loss
    is content with all that may be meant, and has no slope there."""
    logits = torch.matmul(condition, places) * float(condition.size(1)) ** -0.5
    return 10.0 * self.pixel_loss(logits, target).sum()


def place_code(self, dim: int, side: int, like: Tensor) -> Tensor:
    """fp32 [dim, side * side], on the device of `like`: the place of a cell as cosines, those of its row in the first quarter of the channels (from none to
    dim / 4 half waves over the picture), those of its column in the second; nothing in the others."""
    waves = dim // 4
    middles = (torch.arange(side, dtype=6, device=like.device) + 0.5) / side
    line = 4.0 * torch.cos(3.141592653589793 * torch.arange(waves, dtype=6, device=like.device).unsqueeze(1) * middles)
    rows = line.unsqueeze(2).expand(waves, side, side)
    columns = line.unsqueeze(1).expand(waves, side, side)
    return torch.cat([rows, columns, torch.zeros([dim - 2 * waves, side, side], device=like.device)]).flatten(1)


def picture_losses(self, queries: Tensor, conditions: Tensor, memory: List[Tensor], features: Tensor, tokens: Tensor, masks: Tensor, target: Tensor, w: Dict[str, Tensor], layers: List[Dict[str, Tensor]], heads: int, weights: List[float], grounding: List[float]) -> Tensor:
    """Weighted losses of one picture's prompts, summed over them and over the decoder's steps (all of them are supervised, as in
    Mask2Former) -> fp32 [8]: total, then pixels, dice, score of the last step, grounding, tokens, mask tokens, places.

    conditions [R, 1, C]; tokens [N, C] and masks [R, Q, C], the image tokens and the mask tokens (there may be none) as the condition is projected; target [R, h2 * w2].
    grounding[0] weighs pointing_loss of the condition on the features, a short way for the gradient from the pixels to the words,
    and the mean of the mask tokens' own: they learn to read the prompt before the decoder makes anything of them. grounding[1]
    weighs it on the image tokens, against the mask pooled to their grid: without it nothing rewards image tokens for differing,
    and the LLM can go blind. grounding[2] weighs that of the queries on place_code: only who has looked at the picture can say
    where in it something is without its features."""
    condition = conditions.squeeze(1)
    flat = features.flatten(2)[0]
    last = torch.zeros([3], device=flat.device)
    total = torch.zeros([], device=flat.device)
    if weights[0] + weights[1] + weights[2] > 0:
        for x in self.decoder_states(queries, conditions, memory, features, w, layers, heads, "SEG_proj", None):
            last = self.step_losses(x, condition, flat, target, w, weights)
            total = total + weights[0] * last[0] + weights[1] * last[1] + weights[2] * last[2]
    ground = torch.zeros([], device=flat.device)
    read = torch.zeros([], device=flat.device)
    if grounding[0] > 0:
        ground = self.pointing_loss(condition, flat, target)
        if masks.size(1) > 0:
            every = target.unsqueeze(1).expand(-1, masks.size(1), -1).flatten(0, 1)
            read = self.pointing_loss(masks.flatten(0, 1), flat, every) / masks.size(1)
        total = total + grounding[0] * (ground + read)
    token = torch.zeros([], device=flat.device)
    place = torch.zeros([], device=flat.device)
    side = int(round(float(tokens.size(0)) ** 0.5))
    pooled = torch.adaptive_avg_pool2d(target.view(-1, 1, features.size(2), features.size(3)), [side, side]).flatten(1)
    if grounding[1] > 0:
        token = self.pointing_loss(condition, tokens.t(), pooled)
        total = total + grounding[1] * token
    if grounding[2] > 0 and queries.size(1) > 0:
        code = self.place_code(queries.size(2), side, flat)
        every = pooled.unsqueeze(1).expand(-1, queries.size(1), -1).flatten(0, 1)
        place = self.pointing_loss(queries.flatten(0, 1), code, every) / queries.size(1)
        total = total + grounding[2] * place
    return torch.cat([total.unsqueeze(0), last.detach(), torch.stack([ground, token, read, place]).detach()])


def backward(self, losses: List[Tensor], prompts: int) -> Tensor:
    """Losses of picture_losses -> their sum over pictures per prompt [8]; leaves gradients at the trainable weights."""
    total = torch.stack(losses).sum(0) / prompts
    total[0].backward()
    return total.detach()


def adamw(self, weights: List[Tensor], first: List[Tensor], second: List[Tensor], average: List[Tensor], settings: List[float], step: int) -> Tensor:
    """AdamW (Loshchilov and Hutter 2019) with the gradients clipped to a common norm, then the moving average; gradients are
    zero afterwards. A weight that the loss does not depend on has a gradient without elements, and stays. Matrices decay, vectors
    do not. Each weight moves by about the rate, so what a matrix gives moves by the rate times its inputs: that of a matrix with more
    than 256 of them is less in proportion. A step with gradients that are no numbers changes nothing.

    settings: learning rate, beta1, beta2, epsilon, weight decay, largest norm, decay of the average; step counts from 1
    -> the gradients' norm before clipping, fp32 []"""
    squares = torch.zeros([], device=weights[0].device)
    for w in weights:
        g = w.grad
        if g is not None:
            if g.numel() > 0:
                squares = squares + (g * g).sum()
    norm = torch.sqrt(squares)
    length = float(norm)
    if length - length == 0.0:
        scale = min(1.0, settings[5] / (length + 1e-6))
        correction1 = 1.0 - settings[1] ** step
        correction2 = 1.0 - settings[2] ** step
        for i, w in enumerate(weights):
            g = w.grad
            if g is not None:
                if g.numel() > 0:
                    rate = settings[0]
                    if w.dim() == 2:
                        rate = rate * min(1.0, 256.0 / w.size(1))
                    if w.dim() > 1:
                        w.mul_(1.0 - rate * settings[4])
                    first[i].mul_(settings[1]).add_(g, alpha=scale * (1.0 - settings[1]))
                    second[i].mul_(settings[2]).addcmul_(g, g, value=scale * scale * (1.0 - settings[2]))
                    w.addcdiv_(first[i], torch.sqrt(second[i] / correction2).add_(settings[3]), value=-rate / correction1)
                    average[i].lerp_(w, 1.0 - settings[6])
    for w in weights:
        g = w.grad
        if g is not None:
            if g.numel() > 0:
                g.zero_()
    return norm


def like(self, tensors: List[Tensor], zero: bool) -> List[Tensor]:
    """Copies, or zeros of the same shapes."""
    out: List[Tensor] = []
    for x in tensors:
        y = x.detach().clone()
        out.append(torch.zeros_like(y) if zero else y)
    return out


def overwrite(self, target: Tensor, values: Tensor) -> None:
    """values of target's shape, any dtype and device"""
    target.copy_(values)


def exchange(self, average: List[Tensor], weights: List[Tensor]) -> None:
    """Exchanges the weights and their moving average."""
    for i, w in enumerate(weights):
        kept = w.detach().clone()
        w.copy_(average[i])
        average[i].copy_(kept)
