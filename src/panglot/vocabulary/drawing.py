"""Which documents a training takes, and how often each counts, so that the languages have the shares that were asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from panglot.artifacts import InputError
from panglot.corpus.balance.ranks import EVERYTHING, last_rank, rank
from panglot.corpus.balance.shares import SharesMethod
from panglot.corpus.documents import Documents


@dataclass(frozen=True)
class Draw:
    """A sample of documents.

    Of a language with more text than its share, documents are taken in the order of a seeded hash until the share is met; of a
    language with less, all are taken and each counts several times.

    Attributes:
        text: what is drawn from.
        seed: of the hash.
        sizes: characters of each language.
        asked: share that was asked for.
        realised: share of the characters that are drawn, repetitions counted.
        weights: how often a document of the language counts; 1 or above.
        last: the highest hash that is taken.
    """

    text: Documents
    seed: int
    sizes: dict[str, int]
    asked: dict[str, float]
    realised: dict[str, float]
    weights: dict[str, float]
    last: dict[str, int]

    def documents(self) -> Iterator[tuple[str, str, bool]]:
        """Language, text, and whether it is drawn, of every document that is not empty, in the order of the table."""
        for row in self.text.rows():
            if row["text"]:
                yield row["language"], row["text"], rank(self.seed, row["id"]) <= self.last[row["language"]]


def draw(text: Documents, shares: SharesMethod, seed: int) -> Draw:
    """Decide on a sample. The sizes are characters: in bytes a Devanagari text would be three times as large as a Latin one.

    Raises:
        InputError: there is no text.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for row in text.rows():
        if row["text"]:
            found.setdefault(row["language"], []).append((rank(seed, row["id"]), len(row["text"])))
    if not found:
        raise InputError("there is no text to learn from", where=text.folder, fix="give documents that hold text")
    sizes = {tag: sum(size for _, size in found[tag]) for tag in sorted(found)}
    amounts = shares.amounts(sizes)
    weights: dict[str, float] = {}
    last: dict[str, int] = {}
    drawn: dict[str, float] = {}
    for tag, amount in amounts.items():
        weights[tag], last[tag] = max(amount / sizes[tag], 1.0), EVERYTHING
        drawn[tag] = sizes[tag] * weights[tag]
        if amount < sizes[tag]:
            ranks = np.array([each for each, _ in found[tag]], dtype=np.uint64)
            last[tag], drawn[tag] = last_rank(ranks, np.array([size for _, size in found[tag]]), amount)
    total, wanted = sum(drawn.values()), sum(amounts.values())
    if not total:
        raise InputError("every language has the share 0", fix="give at least one language a share")
    return Draw(
        text,
        seed,
        sizes,
        {tag: amount / wanted for tag, amount in amounts.items()},
        {tag: each / total for tag, each in drawn.items()},
        weights,
        last,
    )
