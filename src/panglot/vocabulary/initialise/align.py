"""A new row from the old pieces that stand in the same places of a text."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.combination import Combination, without_weights
from panglot.vocabulary.initialise.merge_tree import chosen_rows, tree_weights
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.surface import unknown_id
from panglot.vocabulary.vocabulary import Vocabulary
from panglot.vocabulary.word_counts import by_count, word_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from tokenizers import Tokenizer as Backend

    _Words = tuple[Backend, Backend, Iterator[tuple[list[str], NDArray[np.float64] | None]]]

_BATCH_CHARACTERS = 1 << 19
_BATCH_WORDS = 1 << 16


class Align(Combination):
    """e_t = mean over the occurrences of t in the text of the mean of e_s over the old pieces s that cover the same characters.

    "Align" of Yamaguchi et al., "How can we effectively expand the vocabulary of LLMs with 0.01GB of target language text?":
    the text is tokenised twice; under an occurrence of t lie the old pieces whose characters are all among those of t, or,
    where there are none, the old pieces that hold all characters of t. As there, a token that does not occur gets the row of
    `merge_tree`.

    Deviations: every occurrence counts (the published code keeps one of each text), and unknown pieces are left out. Where both
    tokenizers normalise and split alike, as after an extension, words are aligned one by one, which is much quicker.

    Example:
        >>> Align.needs_text
        True
    """

    method: Literal["align"] = "align"
    needs_text: ClassVar[bool] = True

    def weights(self, task: Task) -> "csr_array":
        """The weights.

        Raises:
            InputError: there is no text.
        """
        if task.texts is None:
            raise InputError("the initialisation `align` needs text", fix="give text of the new language")
        counted = _counted(task, task.texts)
        unseen = without_weights(counted)
        task.figures["unseen"] = int(unseen.sum())
        return chosen_rows(unseen, tree_weights(task), counted) if unseen.any() else counted


def _counted(task: Task, texts: Callable[[], Iterator[str]]) -> "csr_array":
    from scipy.sparse import csr_array, diags_array

    old, new = task.change.old, task.change.new
    row_of = np.full(new.size, -1, np.int64)
    row_of[task.targets] = np.arange(len(task.targets))
    unknown = unknown_id(old)
    total = csr_array((len(task.targets), old.size))
    new_model, old_model, counted = _words(old, new, texts) or (
        new.backend,
        old.backend,
        ((each, None) for each in batches(texts())),
    )
    for batch, counts in counted:
        here, there = _Spans(new_model, batch), _Spans(old_model, batch, without=unknown)
        rows = row_of[here.ids]
        wanted = rows >= 0
        first, last = there.under(here.begin[wanted], here.end[wanted])
        lengths = last - first
        held = np.repeat(rows[wanted], lengths)
        offsets = np.arange(len(held)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = there.ids[np.repeat(first, lengths) + offsets]
        occurrences = np.ones(len(lengths)) if counts is None else counts[here.text[wanted]]
        values = np.repeat(occurrences / np.maximum(lengths, 1), lengths)
        total = total + csr_array((values, (held, columns)), shape=total.shape)
    sums = np.asarray(total.sum(axis=1))
    return (diags_array(1.0 / np.where(sums > 0, sums, 1.0)) @ total).tocsr()


def _words(old: Vocabulary, new: Vocabulary, texts: Callable[[], Iterator[str]]) -> "_Words | None":
    """Both tokenizers' models and the distinct words of the text; None where they do not see the same words.

    Tokenizers that normalise and split alike see the same words, so that each distinct one need be aligned only once; and the
    offsets inside a word know its space mark and its bytes, which those of a text do not.
    """
    from tokenizers import Tokenizer as Backend

    if any(old.document.get(part) != new.document.get(part) for part in ("normalizer", "pre_tokenizer")):
        return None
    words, counts = by_count(word_counts(new, texts()))
    return Backend(new.backend.model), Backend(old.backend.model), _batched(words, np.array(counts, float))


def _batched(words: list[str], counts: NDArray[np.float64]) -> "Iterator[tuple[list[str], NDArray[np.float64] | None]]":
    for start in range(0, len(words), _BATCH_WORDS):
        yield words[start : start + _BATCH_WORDS], counts[start : start + _BATCH_WORDS]


class _Spans:
    """Tokens of a batch of texts, with their characters counted from the beginning of the batch."""

    def __init__(self, backend: "Backend", texts: list[str], without: int | None = None) -> None:
        ids, spans, starts, lengths = [], [], [], []
        start = 0
        for text, encoding in zip(texts, backend.encode_batch(texts, add_special_tokens=False), strict=True):
            ids += encoding.ids
            spans += encoding.offsets
            starts.append(start)
            lengths.append(len(encoding))
            start += len(text) + 1
        ends = np.fromiter((each for span in spans for each in span), np.int64, count=2 * len(spans)).reshape(-1, 2)
        ends += np.repeat(np.array(starts, np.int64), lengths)[:, None]
        self.ids = np.array(ids, np.int64)
        self.text = np.repeat(np.arange(len(texts)), np.array(lengths, np.int64))
        if without is not None:
            kept = self.ids != without
            self.ids, self.text, ends = self.ids[kept], self.text[kept], ends[kept]
        # A normaliser that reorders marks may give spans out of order; the search needs them in order.
        self.begin, self.end = np.maximum.accumulate(ends[:, 0]), np.maximum.accumulate(ends[:, 1])

    def under(self, begin: NDArray[np.int64], end: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and past-the-last token inside each span; where there are none, those that hold the whole span."""
        first, last = np.searchsorted(self.begin, begin, "left"), np.searchsorted(self.end, end, "right")
        around_first, around_last = np.searchsorted(self.end, end, "left"), np.searchsorted(self.begin, begin, "right")
        inside = last > first
        first, last = np.where(inside, first, around_first), np.where(inside, last, around_last)
        return first, np.maximum(first, last)


def batches(texts: Iterator[str]) -> Iterator[list[str]]:
    """Texts in lists of about half a million characters."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
