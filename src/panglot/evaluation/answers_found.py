"""Whether what was found holds an answer: how many tokens have to be read until one has stood there."""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex

from panglot.evaluation.metrics.tokens import unspaced_cluster

_READ_AT_ONCE = 4096
_SEPARATOR = "\0"

_CLOSING = r"[\]\)}>\"'»”’]*"
# The conventions of the Penn Treebank (MacIntyre's sed script), as one pattern of what is a token
_TREEBANK = regex.compile(
    r"""
    \.{2,} | --+ | ''|``
    | [–—«»“”„‘’"`;@\#$%&?!*\[\](){}<>]
    | (?i:n't)(?![^\W_])
    | '(?i:s|m|d|ll|re|ve)?(?![^\W_])
    | [:,](?!\d)
    | (?<=[^.\s])\.(?=CLOSING(?:\s*$|\s+[^\p{Ll}\s]))(?<!\b\p{L}\.)(?<!\.\p{L}\.)
    | '?(?:
        (?!(?i:n't)(?![^\W_]))
        [^\s–—«»“”„‘’"`;@\#$%&?!*\[\](){}<>:,'.-]
        | [:,](?=\d)
        | -(?!-)
        | '(?!(?i:s|m|d|ll|re|ve)?(?![^\W_]))
        | \.(?!\.|CLOSING\s*$|CLOSING\s+[^\p{Ll}\s])
        | (?<=\b\p{L}|\.\p{L})\.(?=\s*\S)
      )+
    | \S
    """.replace("CLOSING", _CLOSING),
    regex.VERBOSE,
)
_WORDS = regex.compile(rf"{unspaced_cluster()}|(?:(?!{unspaced_cluster()})[\p{{L}}\p{{N}}\p{{M}}])+|[^\p{{Z}}\p{{C}}]")


class _Read(NamedTuple):
    """A text that was read: its words behind one another between separators, their ends, and where tokens begin."""

    words: str
    ends: tuple[int, ...]
    tokens: tuple[int, ...]


def answer_words(text: str) -> list[str]:
    """The words by which an answer is looked for: decomposed (NFD), in small letters.

    They are those of DPR's evaluation (Karpukhin et al. 2020): runs of letters, digits and marks, and every other visible
    character alone. Deviation: in scripts without spaces each grapheme cluster is a word. A run of such a script is a whole
    clause, so DPR's rule finds 東京 in no sentence that has more to say.

    Example:
        >>> answer_words("St. Paul's"), answer_words("東京は")
        (['st', '.', 'paul', "'", 's'], ['東', '京', 'は'])
    """
    return [each.group().lower() for each in _WORDS.finditer(unicodedata.normalize("NFD", text))]


def token_starts(text: str) -> list[int]:
    """Where the tokens of a text begin, after the conventions of the Penn Treebank.

    XOR-Retrieve's evaluation counts NLTK's `word_tokenize`, which has these conventions. Deviation: where a sentence ends is
    told by a full stop before white space and no small letter, except after one letter ("J. Smith", "U.S. Army"), and not by
    the model that NLTK downloads, which knows abbreviations: "Mr. Smith" is three tokens here and two there.

    Example:
        >>> text = 'The U.S. paid $1,000 (3.5%), didn\\'t it?'
        >>> starts = token_starts(text)
        >>> [text[at:end].strip() for at, end in zip(starts, [*starts[1:], len(text)])]
        ['The', 'U.S.', 'paid', '$', '1,000', '(', '3.5', '%', ')', ',', 'did', "n't", 'it', '?']
    """
    return [each.start() for each in _TREEBANK.finditer(text)]


@lru_cache(maxsize=_READ_AT_ONCE)
def _read(text: str) -> _Read:
    decomposed = unicodedata.normalize("NFD", text)
    found = list(_WORDS.finditer(decomposed))
    words = _SEPARATOR.join(["", *(each.group().lower() for each in found), ""])
    return _Read(words, tuple(each.end() for each in found), tuple(token_starts(decomposed)))


def tokens_until_answer(texts: Iterable[str], answers: Sequence[str], most: int) -> int:
    """How many tokens of texts, read in this order, have been read when an answer has stood there whole; 0 where none does.

    The value is to a text what a rank is to a passage: an answer is found in the first k tokens where it is from 1 to k.

    An answer is found where its words (`answer_words`) stand behind one another in one text. Deviations from the evaluation of
    XOR-Retrieve (Asai et al. 2021), which looks for the answer as it is written in all tokens with blanks between them: there
    "$1,000" is never found, as the text reads "$ 1,000", and "Iran" is found in "Iranian", and "4" in "1940".

    Args:
        texts: what was found, best first.
        answers: right answers, any of which will do.
        most: how many tokens are read.

    Example:
        >>> tokens_until_answer(["Helsinki is north.", "It cost $1,000 there."], ["$1,000"], 2000)
        8
        >>> tokens_until_answer(["An Iranian town."], ["Iran"], 2000), tokens_until_answer(["東京は首都"], ["東京"], 2000)
        (0, 1)
    """
    wanted = [words for each in answers if (words := answer_words(each))]
    before = 0
    for text in texts:
        read = _read(text)
        if ends := [end for words in wanted if (end := _ends(read, words)) is not None]:
            until = before + bisect_left(read.tokens, min(ends))
            return until if until <= most else 0
        before += len(read.tokens)
        if before >= most:
            return 0
    return 0


def tokens_of(texts: Iterable[str]) -> int:
    """How many tokens texts have, see `token_starts`."""
    return sum(len(_read(text).tokens) for text in texts)


def holds(text: str, answers: Sequence[str]) -> bool:
    """Whether an answer stands in a text, see `tokens_until_answer`.

    Example:
        >>> holds("เมืองหลวงคือกรุงเทพ", ["กรุงเทพ"])
        True
    """
    return any(_ends(_read(text), words) is not None for each in answers if (words := answer_words(each)))


def _ends(read: _Read, words: Sequence[str]) -> int | None:
    """Where the words first end in a text."""
    at = read.words.find(_SEPARATOR.join(["", *words, ""]))
    return None if at < 0 else read.ends[read.words.count(_SEPARATOR, 0, at) + len(words) - 1]
