"""InfoNCE over translation pairs, in both directions, with an optional term that keeps other texts where they were.

For a batch of n pairs with unit vectors s₁…sₙ (sources) and t₁…tₙ (targets) and a temperature τ

    L = − 1/(2n) Σᵢ [ log exp(sᵢ·tᵢ/τ) / Σⱼ exp(sᵢ·tⱼ/τ)  +  log exp(sᵢ·tᵢ/τ) / Σⱼ exp(sⱼ·tᵢ/τ) ]

(van den Oord et al. 2018, https://arxiv.org/abs/1807.03748; as translation ranking in both directions: Feng et al. 2022, LaBSE,
https://arxiv.org/abs/2007.01852, here without their margin). Deviation: a pair j that shares a text with pair i is left out of
the sums of i, because it is no wrong answer.

Retention adds λ · mean(1 − rₖ·r⁰ₖ), where rₖ is the vector of a retained text now, without dropout, and r⁰ₖ its vector before
training.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from panglot.training.trainer import TextLoss


def info_nce(source: Tensor, target: Tensor, *, temperature: float, texts: Tensor | None = None) -> Tensor:
    """InfoNCE in both directions with in-batch negatives.

    Args:
        source: vectors [n, d] of any length; they are divided by it.
        target: vectors [n, d] of their translations, in the same order.
        temperature: τ; smaller makes near misses weigh more.
        texts: whole numbers [n, 2], one for each distinct text: column 0 names the source's text, column 1 the target's. Pairs
            that share a number are not each other's negatives. None: all pairs are.

    Returns:
        A scalar in nats, in 32-bit arithmetic.

    Example:
        >>> one = torch.eye(2)
        >>> round(float(info_nce(one, one, temperature=1.0)), 4)   # log(1 + 1/e)
        0.3133
        >>> float(info_nce(one, one, temperature=1.0, texts=torch.tensor([[0, 1], [2, 1]]))) == 0
        True
    """
    with torch.autocast(source.device.type, enabled=False):
        scores = F.normalize(source.float(), dim=-1) @ F.normalize(target.float(), dim=-1).T / temperature
    if texts is not None:
        scores = scores.masked_fill(shared_texts(texts), -torch.inf)
    right = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, right) + F.cross_entropy(scores.T, right)) / 2


def shared_texts(texts: Tensor) -> Tensor:
    """Which other pairs share a text, on either side: booleans [n, n] with a false diagonal, from numbers [n, 2]."""
    source, target = texts[:, 0], texts[:, 1]
    crossed = source[:, None] == target[None, :]
    same = (source[:, None] == source[None, :]) | (target[:, None] == target[None, :]) | crossed | crossed.T
    return same.fill_diagonal_(False)


class SymmetricInfoNCE(TextLoss):
    """The loss module: encodes the texts, then `info_nce`, then retention.

    Texts are encoded in runs of similar length, because padding costs as much as text; the vectors, and so the negatives, are
    those of the whole batch. With `recompute` only one run's activations are in memory at a time: each run is encoded a second
    time in the backward pass, with the same dropout. That is GradCache (Gao et al. 2021, https://arxiv.org/abs/2101.06983),
    done with torch's activation checkpoints; the gradient is that of the whole batch.

    Args:
        model: a `SentenceTransformer`.
        temperature: τ.
        retention_weight: λ.
        texts_at_a_time: largest number of texts in a run; None puts each side of the batch in one run.
        recompute: keep no activations beyond a run.
        dropout: whether pairs are encoded with the model's own dropout; retained texts never are.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        temperature: float,
        retention_weight: float = 0.0,
        texts_at_a_time: int | None = None,
        recompute: bool = False,
        dropout: bool = True,
    ) -> None:
        super().__init__()
        self.model = model
        self.temperature, self.retention_weight = temperature, retention_weight
        self.texts_at_a_time, self.recompute, self.dropout = texts_at_a_time, recompute, dropout
        self._largest = 0

    def shrink(self) -> int | None:
        """Recompute, with half as many texts at a time."""
        now = min(self.texts_at_a_time or self._largest, self._largest)
        if now <= 1:
            return None
        self.texts_at_a_time, self.recompute = now // 2, True
        return self.texts_at_a_time

    def forward(self, features: Sequence[dict[str, Any]], labels: Tensor | None = None) -> Tensor:
        """The loss of a batch.

        Args:
            features: tokenised sources, targets and, for retention, retained texts with their `teacher` unit vectors [m, d].
            labels: numbers of texts [n, 2] as in `info_nce`.

        Returns:
            A scalar.
        """
        source, target, *rest = features
        vectors = [self.encode(each, dropout=self.dropout) for each in (source, target)]
        loss = info_nce(*vectors, temperature=self.temperature, texts=labels)
        if rest:
            retained = dict(rest[0])
            teacher = retained.pop("teacher")
            now = F.normalize(self.encode(retained).float(), dim=-1)
            drift = (1 - (now * teacher).sum(dim=-1)).mean()
            self.parts = {"retention_loss": float(drift.detach())}
            loss = loss + self.retention_weight * drift
        return loss

    def encode(self, features: dict[str, Any], *, dropout: bool = False) -> Tensor:
        """Vectors [n, d] of tokenised texts, in their order, with a gradient."""
        vectors, places = [], []
        for where, run in _runs_of_similar_length(features, self.texts_at_a_time):
            if where is not None:
                self._largest = max(self._largest, len(where))
                places.append(where)
            if self.recompute:
                vectors.append(checkpoint(self._vectors, run, dropout, use_reentrant=False, preserve_rng_state=True))
            else:
                vectors.append(self._vectors(run, dropout))
        joined = torch.cat(vectors)
        return joined[torch.argsort(torch.cat(places))] if places else joined

    def _vectors(self, features: dict[str, Any], dropout: bool) -> Tensor:
        training = self.model.training
        # decided in here, so that the second pass of `recompute` does as the first did
        self.model.train(dropout and training)
        try:
            found: Tensor = self.model(dict(features))["sentence_embedding"]
        finally:
            self.model.train(training)
        return found


def _runs_of_similar_length(features: dict[str, Any], limit: int | None) -> Iterator[tuple[Tensor | None, dict[str, Any]]]:
    """Split padded texts into runs, sorted by length, without the padding columns at the end that a run does not need."""
    mask = features.get("attention_mask")
    if not isinstance(mask, Tensor) or mask.ndim != 2 or not all(_a_row_a_text(each, len(mask)) for each in features.values()):
        # packed without padding, or no plain text: nothing to gain
        yield None, features
        return
    count, width = mask.shape
    ends = (mask * torch.arange(1, width + 1, device=mask.device)).amax(dim=1)
    order = torch.argsort(ends, stable=True)
    for where in torch.tensor_split(order, max(1, -(-count // (limit or count)))):
        end = max(1, int(ends[where].max()))
        yield (
            where,
            {
                name: _cut(each[where], width, end) if isinstance(each, Tensor) and each.ndim else each
                for name, each in features.items()
            },
        )


def _a_row_a_text(value: Any, count: int) -> bool:
    return not isinstance(value, Tensor) or value.ndim == 0 or value.shape[0] == count


def _cut(rows: Tensor, width: int, end: int) -> Tensor:
    return rows[:, :end] if rows.ndim >= 2 and rows.shape[1] == width else rows
