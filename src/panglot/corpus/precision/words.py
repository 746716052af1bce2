"""Component `corpus.precision_words`: words that are frequent in a language and rare in its relatives."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.corpus.engine.sieve import write_table
from panglot.corpus.segmentation.code_points import CodePoints, of_categories
from panglot.corpus.segmentation.words import Words, find_words
from panglot.languages import Language
from panglot.languages.kinship import shared_groups
from panglot.languages.writing import SAME_LETTERS

WORDS_FILE = "words.parquet"
SCHEMA = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("word", pa.string(), nullable=False),
        pa.field("hash", pa.uint64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("frequency", pa.float64(), nullable=False),
        pa.field("precision", pa.float64(), nullable=False),
    ]
)
_BATCH_CHARACTERS = 1 << 20
_FEWEST = 10


class PrecisionWords(Artifact):
    """Words in lower case, by language and frequency: `language`, `word`, `hash`, `count`, `frequency`, `precision`."""

    @property
    def table(self) -> pa.Table:
        """All rows."""
        return pq.read_table(self.folder / WORDS_FILE)

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """The words of each language."""
        found: dict[str, list[str]] = {}
        table = self.table
        for language, word in zip(table["language"].to_pylist(), table["word"].to_pylist(), strict=True):
            found.setdefault(language, []).append(word)
        return found


def precision_words(
    *,
    of: Documents,
    top: Annotated[float, Field(gt=0, le=1)] = 0.05,
    precision: Annotated[float, Field(gt=0.5, le=1)] = 0.85,
    least: Annotated[int, Field(ge=1)] = 3,
    step: Step,
) -> PrecisionWords:
    """Find for each language the words that tell it from its relatives here, after FineWeb2's precision filter.

    A word w of the `top` share of a language's word types, by frequency, is kept where tf_l(w) / Σ tf_l'(w) ≥ `precision`, with
    the sum over the language and its relatives in the same script; over all languages in that script where it has no relative
    here. tf is the share among the words of a language, so that a large relative does not drown a small language; FineWeb2 sums
    counts. Words are in lower case; in scripts without spaces they are the units of `corpus.segmentation`.

    Penedo et al. 2025, FineWeb2, https://arxiv.org/abs/2506.20920

    Args:
        of: documents that are known to be in their languages.
        top: share of the word types of a language, the most frequent ones, that are looked at.
        precision: least share of a word's frequency that is the language's.
        least: words that occur less often are left out.
        step: where to write.

    Raises:
        InputError: there are fewer than two languages.
    """
    tags = [tag for tag in of.languages if tag != UNDETERMINED]
    if len(tags) < 2:
        raise InputError("words that tell languages apart need two languages or more", fix="give documents of relatives too")
    counts = {tag: _counted(of, tag) for tag in tags}
    rows: list[dict[str, Any]] = []
    with step.progress("comparing languages", total=len(tags)) as progress:
        for tag in progress.track(tags):
            among = _compared(tag, tags)
            if not among:
                step.note(f"{tag}: no other language here is written in its script, so it has no precision words.")
                continue
            found = _precise(counts, tag, among, top, precision, least)
            if len(found) < _FEWEST:
                step.note(f"{tag}: {len(found)} precision words beside {', '.join(among[:5])}; more text may give more.")
            rows += _named(of, tag, found)
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    write_table(table, step.out / WORDS_FILE)
    step.figures["words"] = {tag: sum(row["language"] == tag for row in rows) for tag in tags}
    return PrecisionWords(step.out)


def lowered_words(texts: list[str]) -> Words:
    """The words of texts, in lower case."""
    points = CodePoints.of(texts).lowered()
    return find_words(points)


def batches(texts: Iterator[str]) -> Iterator[list[str]]:
    """Texts in lists of about a million characters."""
    held: list[str] = []
    characters = 0
    for text in texts:
        held.append(text)
        characters += len(text)
        if characters >= _BATCH_CHARACTERS:
            yield held
            held, characters = [], 0
    if held:
        yield held


_Counts = tuple[NDArray[np.uint64], NDArray[np.int64]]


def _counted(of: Documents, tag: str) -> _Counts:
    """Hashes of the words of a language, sorted, and how often each occurs."""
    letters = of_categories("L")
    hashes, counts = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    for texts in batches(of.texts(tag)):
        words = lowered_words(texts)
        mine = words.hashes()[letters[words.points.codes[words.starts]]]
        some, times = np.unique(mine, return_counts=True)
        merged, places = np.unique(np.concatenate([hashes, some]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts, times]), len(merged)).astype(np.int64)
        hashes = merged
    return hashes, counts


def _compared(tag: str, tags: list[str]) -> list[str]:
    mine = Language(tag)
    script = SAME_LETTERS.get(mine.script, mine.script)
    beside = [each for each in map(Language, tags) if each != mine and SAME_LETTERS.get(each.script, each.script) == script]
    kin = [each.tag for each in beside if each.code != mine.code and shared_groups(mine, each)]
    return kin or [each.tag for each in beside]


def _precise(
    counts: dict[str, _Counts], tag: str, among: list[str], top: float, precision: float, least: int
) -> list[tuple[int, int, float, float]]:
    """Hash, count, frequency and precision of the words that are kept, the most frequent first."""
    hashes, mine = counts[tag]
    order = np.lexsort((hashes, -mine))[: max(1, round(top * len(hashes)))]
    order = order[mine[order] >= least]
    wanted, total = hashes[order], max(int(mine.sum()), 1)
    own = mine[order] / total
    whole = own.copy()
    for other in among:
        theirs, times = counts[other]
        if len(theirs):
            place = np.minimum(np.searchsorted(theirs, wanted), len(theirs) - 1)
            whole += np.where(theirs[place] == wanted, times[place], 0) / times.sum()
    share = own / whole
    kept = np.flatnonzero(share >= precision)
    columns = (wanted[kept].tolist(), mine[order][kept].tolist(), own[kept].tolist(), share[kept].tolist())
    return list(zip(*columns, strict=True))


def _named(of: Documents, tag: str, found: list[tuple[int, int, float, float]]) -> list[dict[str, Any]]:
    """Rows with the words that hashes stand for, found by reading the texts again until all are known."""
    wanted = np.sort(np.array([each[0] for each in found], dtype=np.uint64))
    names: dict[int, str] = {}
    for texts in batches(of.texts(tag)):
        if len(names) == len(wanted):
            break
        words = lowered_words(texts)
        hashes, first = np.unique(words.hashes(), return_index=True)
        here = np.isin(hashes, wanted)
        whole = words.points.whole()
        for value, place in zip(hashes[here].tolist(), first[here].tolist(), strict=True):
            names.setdefault(value, whole[words.starts[place] : words.ends[place]])
    return [
        {
            "language": tag,
            "word": names[value],
            "hash": value,
            "count": count,
            "frequency": round(frequency, 9),
            "precision": round(share, 4),
        }
        for value, count, frequency, share in found
    ]
