"""Words of text in any script: between spaces where a script has them, else the pieces that a tokenizer cuts."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice

import numpy as np
import regex

from panglot.languages.writing import WITHOUT_SPACES
from panglot.vocabulary.static_vectors import StaticVectors
from panglot.vocabulary.static_vectors_training import MOST_TOKENS, TokenStream, train_vectors
from panglot.vocabulary.vocabulary import Vocabulary

_BATCH = 1024
_REMEMBERED_RUNS = 1 << 18
Texts = Callable[[], Iterator[str]]


@cache
def _pattern() -> "regex.Pattern[str]":
    """A run of a script without spaces, or a word: letters, marks and digits, with joiners and apostrophes inside."""
    known = []
    for code in sorted(WITHOUT_SPACES):
        try:
            regex.compile(rf"\p{{Script={code}}}")
        except regex.error:
            continue
        known.append(rf"\p{{Script={code}}}")
    unspaced = "[" + "".join(known) + "]"
    letters = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{unspaced}]"
    inside = r"[\u200c\u200d'’\u05f3\u05f4]"
    run = rf"[{unspaced}&&[\p{{L}}\p{{M}}\p{{N}}]][[{unspaced}\p{{M}}\u200c\u200d]&&[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d]]*"
    return regex.compile(rf"(?P<run>{run})|{letters}+(?:{inside}{letters}+)*", regex.V1)


def words_of(texts: Iterable[str], vocabulary: Vocabulary) -> Iterator[list[str]]:
    """The words of each text. Marks belong to their letters; punctuation and symbols are no words.

    Args:
        texts: any text.
        vocabulary: cuts runs of scripts that put no space between words (Khmer, Thai, Han, Tibetan, …) into pieces.
    """
    pattern, remembered = _pattern(), dict[str, list[str]]()
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        found = [[(each.group(), each.lastgroup is not None) for each in pattern.finditer(text)] for text in batch]
        unknown = dict.fromkeys(run for text in found for run, cut in text if cut and run not in remembered)
        if unknown:
            if len(remembered) + len(unknown) > _REMEMBERED_RUNS:
                remembered = {}
                unknown = dict.fromkeys(run for text in found for run, cut in text if cut)
            remembered |= zip(unknown, _cut(list(unknown), vocabulary), strict=True)
        for text in found:
            words: list[str] = []
            for each, cut in text:
                words += remembered[each] if cut else (each,)
            yield words


def _cut(runs: list[str], vocabulary: Vocabulary) -> Iterator[list[str]]:
    """Each run cut where a piece begins, so that a character is never split and none is lost."""
    for run, encoding in zip(runs, vocabulary.backend.encode_batch(runs, add_special_tokens=False), strict=True):
        begins = sorted({0, *(begin for begin, end in encoding.offsets if end > begin)})
        yield [run[begin:end] for begin, end in zip(begins, [*begins[1:], len(run)], strict=True) if begin < end]


def train_on_words(
    texts: Iterable[str], vocabulary: Vocabulary, *, dimension: int = 100, minimum_count: int = 5, seed: int = 0
) -> StaticVectors:
    """Vectors of the words of a text, the most frequent words first.

    Args:
        texts: the text; at most `MOST_TOKENS` words of it are read.
        vocabulary: cuts scripts that put no space between words.
        dimension: width of the vectors.
        minimum_count: rarer words get no vector.
        seed: of the decomposition.

    Returns:
        The vectors with counts; empty where no word occurs often enough.
    """
    numbers: dict[str, int] = {}

    def numbered() -> Iterator[list[int]]:
        for words in words_of(texts, vocabulary):
            yield [numbers.setdefault(word, len(numbers)) for word in words]

    stream = TokenStream.gather(numbered(), most=MOST_TOKENS)
    ids, matrix = train_vectors(stream, len(numbers), dimension=dimension, minimum_count=minimum_count, seed=seed)
    counts = np.bincount(stream.ids, minlength=len(numbers))[ids]
    order = np.argsort(-counts, kind="stable")
    words = list(numbers)
    return StaticVectors([words[each] for each in ids[order]], matrix[order], counts[order])


def tokens_of(texts: Iterable[str], vocabulary: Vocabulary) -> Iterator[list[int]]:
    """The ids of each text."""
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        yield from vocabulary.encode(batch)
