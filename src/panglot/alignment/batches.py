"""What a batch of contrastive training holds: translation pairs, numbers for their texts, and a few retained texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator


@dataclass(frozen=True)
class Retained:
    """Texts that must keep their vectors.

    Attributes:
        texts: distinct texts.
        vectors: their unit vectors [n, d] before training.
        a_step: how many of them are looked at in a training step.
        seed: of their order.
    """

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    a_step: int
    seed: int

    def draw(self) -> Iterator[list[int]]:
        """Places of the texts of one step after another, without end; every text once before any comes again."""
        generator = torch.Generator().manual_seed(self.seed)
        waiting: list[int] = []
        count = min(self.a_step, len(self.texts))
        while True:
            while len(waiting) < count:
                waiting.extend(torch.randperm(len(self.texts), generator=generator).tolist())
            yield waiting[:count]
            del waiting[:count]


@dataclass
class PairCollator(SentenceTransformerDataCollator):  # type: ignore[misc]
    """Tokenises pairs as sentence-transformers does, and adds the step's retained texts with their vectors."""

    retained: Retained | None = None
    _draws: Iterator[list[int]] | None = field(default=None, init=False, repr=False)

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().__call__(features)
        if self.retained is not None:
            self._draws = self._draws or self.retained.draw()
            places = next(self._draws)
            prompt = self.prompts if isinstance(self.prompts, str) else None
            for name, value in self.preprocess_fn(
                [self.retained.texts[each] for each in places], prompt=prompt, task=None
            ).items():
                batch[f"retained_{name}"] = value
            batch["retained_teacher"] = torch.from_numpy(self.retained.vectors[places])
        return batch


def pair_dataset(sources: Sequence[str], targets: Sequence[str]) -> Dataset:
    """Columns source, target and label: the numbers [2] of the two texts, equal exactly where texts are equal.

    Example:
        >>> pair_dataset(["jedyn", "jedna"], ["one", "one"])["label"][:]
        [[0, 1], [2, 1]]
    """
    numbers: dict[str, int] = {}
    labels = [[numbers.setdefault(each, len(numbers)) for each in pair] for pair in zip(sources, targets, strict=True)]
    return Dataset.from_dict({"source": list(sources), "target": list(targets), "label": labels})
