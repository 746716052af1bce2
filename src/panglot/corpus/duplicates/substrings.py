"""Component `corpus.repeated_substrings`: long stretches of characters that stand elsewhere too are taken out.

After ExactSubstr (Lee et al. 2022, Deduplicating Training Data Makes Language Models Better), which sorts all suffixes of the
bytes of a corpus. Here windows of code points are hashed, so that nothing is cut inside a character, and cuts are moved to
borders of grapheme clusters, so that no letter loses its marks. Of the windows those are kept whose hash is the least among
eight neighbours (winnowing, Schleimer, Wilkerson & Aiken 2003): a stretch of at least `characters` + 7 code points that stands
in two places is found in both, less at most seven characters at each end.
"""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import regex
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.corpus.duplicates.normal_form import batches, powers
from panglot.corpus.duplicates.rewriting import Common, common, forget_quarantine, in_one_piece, rewrite, write_counts
from panglot.corpus.engine import by_document, run_tasks
from panglot.corpus.segmentation.code_points import CodePoints
from panglot.corpus.segmentation.words import mixed

NEIGHBOURS = 8
_REASON = "repeated substrings"
_WORK = ".work"
_PLACE_BITS = 32
_GRAPHEME = regex.compile(r"\X")
_REACH = 4096


def repeated_substrings(
    *,
    of: Documents,
    characters: Annotated[int, Field(ge=10, le=10_000)] = 100,
    times: Annotated[int, Field(ge=2)] = 2,
    step: Step,
) -> Documents:
    """Take stretches of text out that stand in several places, but for the first place.

    A line break takes the place of a stretch in the middle of a text. A text that changes gets a new id; a document of which
    nothing is left is dropped with the reason `repeated substrings`. Characters are compared as they are, in all languages
    together.

    Args:
        of: documents.
        characters: length of a stretch, in code points. Lee et al. take 50 tokens, which are 100 to 200 letters.
        times: in how many places a stretch must stand.
        step: where to write.
    """
    work = step.out / _WORK
    inputs, first = [], 0
    for number, shard in enumerate(of.shards):
        inputs.append((number, str(shard), first))
        first += pq.read_metadata(shard).num_rows
    try:
        task = partial(_count, characters)
        counted = run_tasks(task, inputs, step=step, label="counting windows", out=work, documents=first)
        forget_quarantine(step)
        total = sum(each["windows"] for each in counted)
        files = common(sorted((work / "counts").glob("*.npy")), total, times, step=step, work=work)
        rewrite(of, partial(_change, characters), files, reason=_REASON, step=step)
        step.figures["windows"] = sum(len(np.load(each, mmap_mode="r")) for each in files)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Documents(step.out)


@dataclass(frozen=True)
class Windows:
    """Windows that winnowing keeps.

    Attributes:
        hashes: uint64 [windows].
        texts: the text of each, int64 [windows].
        places: its first code point in the text, int64 [windows].
    """

    hashes: NDArray[np.uint64]
    texts: NDArray[np.int64]
    places: NDArray[np.int64]


def winnowed(texts: list[str], characters: int) -> Windows:
    """Windows of so many code points, of which the hash is the least among `NEIGHBOURS` that follow each other.

    Example:
        >>> found = winnowed(["กาลครั้งหนึ่งนานมาแล้ว มีกระต่าย", "x กาลครั้งหนึ่งนานมาแล้ว"], 10)
        >>> len(set(found.hashes[found.texts == 0]) & set(found.hashes[found.texts == 1])) > 0
        True
    """
    points = CodePoints.of(texts)
    counts = np.maximum(points.lengths - characters + 1, 0)
    size = len(points.codes) - characters + 1
    if size <= 0 or not counts.any():
        return Windows(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    power, inverse = powers(len(points.codes))
    sums = np.zeros(len(points.codes) + 1, dtype=np.uint64)
    terms = mixed(points.codes + np.uint64(1)) * power[: len(points.codes)]
    np.cumsum(terms, dtype=np.uint64, out=sums[1:])
    hashes = mixed((sums[characters:] - sums[:size]) * inverse[:size])
    begins = np.repeat(points.bounds[:-1] - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
    text = np.repeat(np.arange(len(texts)), counts)
    kept = _least_of_neighbours(hashes[begins], text)
    return Windows(hashes[begins[kept]], text[kept], begins[kept] - points.bounds[text[kept]])


def _least_of_neighbours(hashes: NDArray[np.uint64], text: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places whose hash is the least of some `NEIGHBOURS` in a row inside one text; all of a text that has fewer of them."""
    span = NEIGHBOURS - 1
    top = np.uint64(0xFFFFFFFFFFFFFFFF)
    least = np.concatenate([hashes, np.full(span, top)])
    owner = np.concatenate([text, np.full(span, -1)])
    inside = owner[span:] == owner[: len(text)]
    step = 1
    while step < NEIGHBOURS:
        least[:-step] = np.minimum(least[:-step], least[step:])
        step *= 2
    # a row of neighbours that reaches into the next text counts for nothing
    least = np.where(inside, least[: len(text)], np.uint64(0))
    most = np.concatenate([np.zeros(span, dtype=np.uint64), least])
    step = 1
    while step < NEIGHBOURS:
        most[step:] = np.maximum(most[step:], most[:-step])
        step *= 2
    kept = most[span:] == hashes
    if not inside.all():
        lengths = np.bincount(text)
        kept |= (lengths < NEIGHBOURS)[text]
    return np.flatnonzero(kept)


def _count(characters: int, given: tuple[int, str, int], out: Path) -> dict[str, Any]:
    """A task: how often each window stands in a shard, and where first."""
    number, shard, first = given
    documents = pq.read_table(shard, columns=["id", "text"])
    place = pa.table({"place": np.arange(first, first + len(documents))})
    flat = in_one_piece(by_document(documents, partial(_windows, characters), place).values).flatten()
    hashes = flat.field("hash").to_numpy(zero_copy_only=False)
    places = flat.field("place").to_numpy(zero_copy_only=False)
    order = np.lexsort((places, hashes))
    hashes, places = hashes[order], places[order]
    different, firsts, counts = np.unique(hashes, return_index=True, return_counts=True)
    write_counts(out / "counts" / f"{number:05}.npy", different, counts, places[firsts])
    return {"windows": len(different)}


def _windows(characters: int, documents: pa.Table, place: pa.Table) -> pa.Array:
    texts = documents["text"].to_pylist()
    first = place["place"][0].as_py() if len(documents) else 0
    hashes, places, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for at, some in batches(texts):
        found = winnowed(list(some), characters)
        hashes.append(found.hashes)
        places.append(_coded(found, first + at))
        counts.append(np.bincount(found.texts, minlength=len(some)))
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    values = pa.StructArray.from_arrays(
        [pa.array(np.concatenate(hashes)), pa.array(np.concatenate(places))], names=["hash", "place"]
    )
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _coded(found: Windows, first: int) -> NDArray[np.int64]:
    """Document and place of each window as one number."""
    return ((found.texts + first) << _PLACE_BITS) | found.places


def _change(characters: int, found: Common, first: int, documents: pa.Table) -> pa.Array:
    texts = documents["text"].to_pylist()
    left = list(texts)
    for at, some in batches(texts):
        windows = winnowed(list(some), characters)
        rows = found.find(windows.hashes)
        common_ones = np.flatnonzero(rows >= 0)
        leading = found.table["first"][rows[common_ones]] == _coded(windows, first + at)[common_ones]
        changed = np.unique(windows.texts[common_ones[~leading]])
        for number in changed.tolist():
            mine = windows.texts[common_ones] == number
            gone = np.zeros(len(some[number]), dtype=bool)
            for place in windows.places[common_ones[mine & ~leading]].tolist():
                gone[place : place + characters] = True
            for place in windows.places[common_ones[mine & leading]].tolist():
                gone[place : place + characters] = False
            left[at + number] = without(some[number], gone)
    return pa.array(left, pa.string())


def without(text: str, gone: NDArray[np.bool_]) -> str:
    """A text without some characters; no grapheme cluster is cut, and a line break takes the place of what was in the middle.

    Args:
        text: the text.
        gone: bool [characters].

    Example:
        >>> without("ที่นี่ดี", np.array([False] * 2 + [True] * 4 + [False] * 2))
        'ที่\\nดี'
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gone, [False]])))
    found: list[str] = []
    last = 0
    for first, end in edges.reshape(-1, 2).tolist():
        first, end = _border(text, first, up=True), _border(text, end, up=False)
        if end > first:
            found.append(text[last:first])
            last = end
    found.append(text[last:])
    kept = [found[0].rstrip(), *(each.strip() for each in found[1:-1]), found[-1].lstrip()] if len(found) > 1 else found
    return "\n".join(each for each in kept if each)


def _border(text: str, place: int, *, up: bool) -> int:
    """The next border of grapheme clusters at or after a place, or the last one at or before it."""
    if place in (0, len(text)):
        return place
    # flags are pairs of characters, so clusters are counted from where one surely begins
    begin = max(text.rfind(" ", 0, place), text.rfind("\n", 0, place), place - _REACH, 0)
    for each in _GRAPHEME.finditer(text, begin):
        if each.start() <= place < each.end():
            if each.start() == place:
                return place
            return int(each.end() if up else each.start())
    return place
