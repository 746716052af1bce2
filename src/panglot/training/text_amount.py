"""How much text there is: bytes counted, tokens from a sample of each language."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from panglot.artifacts import InputError
from panglot.corpus.documents import Documents

_DOCUMENTS_A_LANGUAGE = 200


@dataclass(frozen=True)
class TextAmount:
    """Amounts of a text.

    Attributes:
        documents: how many.
        languages: how many.
        bytes: in UTF-8, counted.
        tokens: estimated.
        error: half the width of the 95 % interval of `tokens`; 0 where all documents were cut into tokens.
        sampled: documents that were cut into tokens.
    """

    documents: int
    languages: int
    bytes: int
    tokens: float
    error: float
    sampled: int

    @property
    def bytes_a_token(self) -> float:
        """The mean over the text."""
        return self.bytes / self.tokens


def amount_of_text(text: Documents, ids: Callable[[list[str]], Sequence[Sequence[int]]]) -> TextAmount:
    """Count bytes, and estimate tokens from at most 200 documents of each language, evenly spread over the table.

    Languages differ severalfold in bytes a token, so each has a ratio of its own: tokens = Σ bytes_l · R_l with R_l the tokens
    a byte in the sample, and variance Σ (bytes_l / mean bytes)² · s²(t − R_l b) / n, less where most were sampled.

    Args:
        text: the documents.
        ids: texts to ids, without special tokens.

    Raises:
        InputError: there is no text.
    """
    counts, sizes = text.counts, text.bytes
    if not sum(sizes.values()):
        raise InputError("there is no text to learn from", where=text.folder)
    seen: Counter[str] = Counter()
    chosen: dict[str, list[str]] = {each: [] for each in counts}
    for row in text.rows():
        language = row["language"]
        if seen[language] % -(-counts[language] // _DOCUMENTS_A_LANGUAGE) == 0:
            chosen[language].append(row["text"])
        seen[language] += 1
    tokens = variance = 0.0
    for language, texts in chosen.items():
        read = [len(each.encode("utf-8", "replace")) for each in texts]
        cut = [len(each) for each in ids(texts)]
        if not sum(read):
            continue
        ratio = sum(cut) / sum(read)
        tokens += sizes[language] * ratio
        count, all_of_them = len(texts), counts[language]
        if 1 < count < all_of_them:
            left = sum((t - ratio * b) ** 2 for t, b in zip(cut, read, strict=True)) / (count - 1)
            scale = sizes[language] / (sum(read) / count)
            variance += scale**2 * left / count * (1 - count / all_of_them)
    sampled = sum(len(each) for each in chosen.values())
    if not tokens:
        raise InputError("the tokenizer makes no tokens of this text", where=text.folder)
    return TextAmount(sum(counts.values()), len(counts), sum(sizes.values()), tokens, 1.96 * math.sqrt(variance), sampled)
