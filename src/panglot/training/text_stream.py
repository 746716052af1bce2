"""Text in steps of equal size, in an order of its own for each seed; the same for every tokenizer.

Steps are counted in bytes of text and not in tokens, so that models with different tokenizers see the same text in the same
steps: a tokenizer that needs fewer tokens for a text would else see more of it in as many steps, and a comparison would be
one of amounts.
"""

import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.corpus.documents import Documents

_JOINERS = "\u200c\u200d\ufe0e\ufe0f"


@dataclass(frozen=True)
class Passage:
    """A stretch of a document, or a sentence with its translation.

    Attributes:
        text: what stands there.
        last: whether the document ends with it.
        language: its tag.
        objective: number of the objective that learns from it, in a run that mixes several.
        other: the translation, for objectives that read pairs.
        other_language: its tag.
    """

    text: str
    last: bool = True
    language: str = "und"
    objective: int = 0
    other: str | None = None
    other_language: str = "und"


def passages(text: str, longest: int) -> Iterator[str]:
    """Cut a text into stretches of at most `longest` UTF-8 bytes, at white space where there is some in the second half.

    Combining marks and joined characters stay with what they belong to, unless one character has more marks than fit. Nothing
    is lost: the stretches joined are the text.

    Args:
        text: any text.
        longest: at least 4 bytes.

    Example:
        >>> list(passages("dobry dzen", 7))
        ['dobry ', 'dzen']
    """
    start = 0
    while start < len(text):
        room = text[start : start + longest].encode("utf-8", "replace")[:longest]
        end = start + len(room.decode("utf-8", "ignore"))
        if end < len(text):
            half = start + (end - start) // 2
            space = next((at for at in range(end - 1, half - 1, -1) if text[at].isspace()), None)
            whole = end
            while whole > start and _belongs_to_the_one_before(text, whole):
                whole -= 1
            end = space + 1 if space is not None else whole if whole > start else end
        yield text[start:end]
        start = end


def _belongs_to_the_one_before(text: str, at: int) -> bool:
    return unicodedata.category(text[at]).startswith("M") or text[at] in _JOINERS or text[at - 1] == "\u200d"


def text_in_steps(documents: Documents, *, steps: int, step_bytes: int, longest: int, seed: int) -> list[list[Passage]]:
    """Passages of each step, about `step_bytes` together.

    Each epoch takes all passages once, in a new order: that of a hash of seed, epoch and content, so that it does not depend
    on the order of the table. Two passes over the table: memory holds 16 bytes a passage, and the text of the steps.

    Args:
        documents: text of all languages; they are mixed as they are in the table.
        steps: how many.
        step_bytes: UTF-8 bytes of a step, at most, but for a step of one passage.
        longest: bytes of a passage, at most.
        seed: of the order.

    Raises:
        InputError: there is no text.
    """
    ranks, sizes = _survey(documents, longest, seed)
    if not len(sizes):
        raise InputError("there is no text to learn from", where=documents.folder)
    plan: list[list[int]] = []
    waiting: list[int] = []
    filled, epoch = 0, 0
    while len(plan) < steps:
        order = np.argsort(_mixed(ranks, np.full(len(ranks), epoch, dtype=np.uint64)), kind="stable")
        for at in order.tolist():
            size = int(sizes[at])
            if waiting and filled + size > step_bytes:
                plan.append(waiting)
                waiting, filled = [], 0
                if len(plan) == steps:
                    break
            waiting.append(at)
            filled += size
        epoch += 1
    wanted = {at for each in plan for at in each}
    texts = {at: each for at, each in enumerate(_passages_of(documents, longest)) if at in wanted}
    return [[texts[at] for at in each] for each in plan]


def _passages_of(documents: Documents, longest: int) -> Iterator[Passage]:
    for text in documents.texts():
        found = list(passages(text, longest))
        for number, each in enumerate(found, start=1):
            yield Passage(each, number == len(found))


def _survey(documents: Documents, longest: int, seed: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Rank and bytes of every passage. Equal passages get ranks of their own, else they would all fall into one step."""
    ranks, sizes = array("Q"), array("q")
    for each in _passages_of(documents, longest):
        data = each.text.encode("utf-8", "replace")
        ranks.append(xxhash.xxh3_64_intdigest(data, seed=seed % 2**64))
        sizes.append(len(data))
    found = np.array(ranks, dtype=np.uint64)
    order = np.argsort(found, kind="stable")
    first = np.diff(found[order], prepend=~found[order[:1]]) != 0
    places = np.arange(len(found))
    repeats = places - np.maximum.accumulate(np.where(first, places, 0))
    found[order] = np.where(repeats > 0, _mixed(found[order], repeats.astype(np.uint64)), found[order])
    return found, np.array(sizes, dtype=np.int64)


def _mixed(ranks: NDArray[np.uint64], by: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A step of SplitMix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        mixed = ranks + by * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return found
