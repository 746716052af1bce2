"""Which column is which side: by language codes first, then by the usual names."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from panglot.artifacts import InputError
from panglot.corpus.reading.bounded import Sides
from panglot.languages import Language

SOURCE_NAMES = ("source_text", "source", "src", "src_text", "source_sentence", "sentence1")
TARGET_NAMES = ("target_text", "target", "tgt", "tgt_text", "trg", "target_sentence", "sentence2")
_CODE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z]{4})?([_-]([A-Za-z]{2}|[0-9]{3}))?")
_LONGEST_NAME = 60
_PREFIX = re.compile(r"^(sentence|text|translation|lang)[_.]", re.IGNORECASE)


class Columns(NamedTuple):
    """Positions of the two texts and of the score, and whether the language's column was only inferred."""

    source: int
    target: int
    score: int | None = None
    assumed: bool = False


@lru_cache(maxsize=4096)
def named_language(name: str) -> Language | None:
    """The language that a code or a name means; None where it means none."""
    if len(name) > _LONGEST_NAME:
        return None
    try:
        return Language.parse(name)
    except InputError:
        return None


def is_code(name: str) -> bool:
    """Whether a word has the shape of a language code: `hsb`, `pt-BR`, `zho_Hans`."""
    return _CODE.fullmatch(name) is not None


def same_language(name: str, language: Language) -> bool:
    """Whether a code or a name means this language.

    The script counts only where the name gives one: `srp` stands for Serbian in either script, `srp_Cyrl` does not.
    """
    found = named_language(name)
    if found is None:
        return False
    if found == language:
        return True
    gives_script = re.search(r"[_-][A-Za-z]{4}(?![A-Za-z])", name) is not None
    return not gives_script and found.tag.split("_")[0] == language.tag.split("_")[0]


def _column_of(language: Language, names: Sequence[str]) -> int | None:
    bare = [_PREFIX.sub("", name) for name in names]
    for exact in (True, False):
        for index, name in enumerate(bare):
            if (named_language(name) == language) if exact else same_language(name, language):
                return index
    return None


def _first_of(wanted: Iterable[str], names: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def find_columns(names: Sequence[str], sides: Sides) -> Columns | None:
    """Find the two sides among column names; None where the names say too little.

    `source…` and `target…` together stand for the language being taught and the pivot (first, since `id` is a column of
    such tables and the code of Indonesian). Else a column named after a language is that language's. Of two columns of which
    one is recognised the other is the other side, unless it names some third language.
    """
    names = [name.strip() for name in names]
    lower = [name.lower() for name in names]
    source, target = _first_of(SOURCE_NAMES, lower), _first_of(TARGET_NAMES, lower)
    if source is None or target is None:
        named = _column_of(sides.language, names), _column_of(sides.pivot, names)
        source, target = (named[0] if named[0] is not None else source), (named[1] if named[1] is not None else target)
    score = _first_of(("score", "laser_score", "similarity"), lower)
    if source is not None and target is not None and source != target:
        return Columns(source, target, score)
    if len(names) == 2 and (source is None) != (target is None):
        known = source if source is not None else target
        other = 1 - (known or 0)
        looks_like_header = is_code(names[other]) or lower[other] in ("text", "translation", "sentence")
        if looks_like_header and named_language(names[other]) is None:
            return Columns(other, 1 - other, None, True) if source is None else Columns(1 - other, other, None, True)
    return None


def wrong_columns(names: Sequence[str], sides: Sides, where: object) -> InputError:
    """The error that says which columns were found and which are expected."""
    shown = ", ".join(repr(name[:40]) for name in names[:12]) + (", …" if len(names) > 12 else "")
    return InputError(
        f"cannot tell the two sides from the columns {shown}",
        where=where,
        fix=f"name them {sides.language.tag} and {sides.pivot.tag}, or source_text ({sides.language.name}) and "
        f"target_text ({sides.pivot.name})",
    )
