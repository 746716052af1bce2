"""Component `corpus.precision_filter`: documents that show their language by a word of its own, or by their address."""

from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import regex
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.corpus.engine import sieve
from panglot.corpus.precision.words import WORDS_FILE, PrecisionWords, lowered_words
from panglot.languages import Language

REASON = "no precision word"
_PARTS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_SHORTEST_NAME = 4


def precision_filter(
    *,
    of: Documents,
    words: PrecisionWords,
    languages: list[Language] | None = None,
    minimum: Annotated[int, Field(ge=1)] = 1,
    addresses: bool = True,
    step: Step,
) -> Documents:
    """Leave out documents that show no word by which their language is told from its relatives.

    For languages whose documents are often in a relative of theirs; FineWeb2 applies it where its contamination score is above
    0.1. A document is kept for `minimum` different words of the table, or for an address that names the language: its ISO 639-3
    code or its name as a part of the address, or the top-level domain of a country where it is spoken.

    Args:
        of: documents.
        words: from `corpus.precision_words`.
        languages: filter these only; without it all that the table has words of. Documents of other languages are kept.
        minimum: how many different words a document has to have.
        addresses: whether the address alone may speak for a document.
        step: where to write.
    """
    tags = None if languages is None else tuple(sorted(each.tag for each in languages))
    decide = partial(_reasons, path=str(words.folder / WORDS_FILE), tags=tags, minimum=minimum, addresses=addresses)
    return sieve(of, decide, step=step, label="looking for precision words")


def _reasons(
    documents: pa.Table, *, path: str, tags: tuple[str, ...] | None, minimum: int, addresses: bool
) -> list[str | None]:
    known = _table(path)
    languages = np.array(documents["language"].to_pylist(), dtype=object)
    texts = documents["text"].to_pylist()
    found: list[str | None] = [None] * len(texts)
    for tag in sorted(set(languages)):
        if tag not in known or (tags is not None and tag not in tags):
            continue
        rows = np.flatnonzero(languages == tag)
        words = lowered_words([texts[row] for row in rows.tolist()])
        hashes = words.hashes()
        theirs = np.isin(hashes, known[tag])
        owner = np.repeat(np.arange(len(rows)), words.counts)[theirs]
        different = np.unique(np.stack([owner.astype(np.uint64), hashes[theirs]]), axis=1)
        enough = np.bincount(different[0].astype(np.int64), minlength=len(rows)) >= minimum
        for row in rows[~enough].tolist():
            url = documents["url"][row].as_py()
            if not (addresses and url and names_language(url, tag)):
                found[row] = REASON
    return found


@lru_cache(maxsize=4)
def _table(path: str) -> dict[str, NDArray[np.uint64]]:
    table = pq.read_table(Path(path), columns=["language", "hash"])
    languages, hashes = np.array(table["language"].to_pylist(), dtype=object), table["hash"].to_numpy()
    return {tag: hashes[languages == tag] for tag in sorted(set(languages))}


def names_language(url: str, tag: str) -> bool:
    """Whether an address names a language: its code or name as a part, or the domain of a country where it is spoken.

    Example:
        >>> [names_language(f"https://{each}", "hsb_Latn") for each in ("a.org/hsb/x", "www.serbja.de", "a.fr/upper-sorbian")]
        [True, True, True]
        >>> names_language("https://example.org/habs", "hsb_Latn")
        False
    """
    code, names, domains = _names(tag)
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    parts = [part for part in _PARTS.split(url.lower()) if part]
    joined = " ".join(parts)
    return code in parts or host.rpartition(".")[2] in domains or any(f" {name} " in f" {joined} " for name in names)


@lru_cache(maxsize=512)
def _names(tag: str) -> tuple[str, tuple[str, ...], frozenset[str]]:
    language = Language(tag)
    names = [" ".join(_PARTS.split(name.lower())).strip() for name in (language.name, language.autonym or "")]
    return (
        language.code,
        tuple(each for each in names if len(each) >= _SHORTEST_NAME),
        frozenset(map(str.lower, language.countries)),
    )
