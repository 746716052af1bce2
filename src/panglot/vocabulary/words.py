"""Words, characters as a reader counts them, and bytes of a text: what tokens are set against.

A word is a run of letters, marks and digits, with joiners inside it. Marks belong to the word: taking them for boundaries would
cut every Devanagari or Thaana word to pieces. Words exist here only where the script puts spaces between them; for the other
scripts a count of words would be the count of a segmenter's habits, so there is none.
"""

from collections.abc import Sequence

import regex

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.languages.scripts import script_of
from panglot.languages.writing import separates_words

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[\u200c\u200d][\p{L}\p{M}\p{N}]+)*")
_UNSPACED = "the script puts no spaces between words"
_CLUSTER = regex.compile(r"\X")
# Without one of these every code point is a cluster: only they ever stand together with a neighbour.
_JOINING = regex.compile(r"[^\p{GCB=Other}\p{GCB=Control}\p{GCB=LF}\p{GCB=LV}\p{GCB=LVT}]|\p{InCB=Linker}")


def words(text: str) -> list[str]:
    """The words of a text in a script that separates words: runs of letters, marks and digits.

    Example:
        >>> words("ދިވެހިރާއްޖެ، 2024"), words("می‌خواهم!")
        (['ދިވެހިރާއްޖެ', '2024'], ['می‌خواهم'])
    """
    return list(_WORD.findall(text))


def clusters(text: str) -> int:
    """Number of extended grapheme clusters (UAX 29): characters as a reader counts them.

    Example:
        >>> clusters("ខ្មែរ"), len("ខ្មែរ")
        (2, 5)
    """
    return len(_CLUSTER.findall(text)) if _JOINING.search(text) else len(text)


def cluster_ends(text: str) -> list[int]:
    """Offsets, in code points, at which the grapheme clusters of a text end.

    Example:
        >>> cluster_ends("ne\\u0301")
        [1, 3]
    """
    return [found.end() for found in _CLUSTER.finditer(text)]


def why_no_words(tag: str, sample: Sequence[str]) -> str | None:
    """None where words can be counted, else the reason for people.

    Args:
        tag: a language tag; for a language that is not known, the script of the sample decides.
        sample: some texts in the language.

    Example:
        >>> why_no_words("khm_Khmr", []), why_no_words("und", ["Dobry dźeń"])
        ('the script puts no spaces between words', None)
    """
    try:
        language = Language(tag)
    except InputError:
        script = script_of(" ".join(sample))
        if script is None:
            return "neither the language nor the script is known"
        return None if separates_words(script) else _UNSPACED
    return None if language.spaces else _UNSPACED
