"""Planting noise of known kinds in documents, to test what finds it."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import DROPPED_FOLDER, Documents, DocumentWriter, document_id
from panglot.corpus.segmentation.words import find_words
from panglot.corpus.thresholds.word_order import clusters

Kind = Literal["shuffled_words", "repeated_lines", "boilerplate", "table", "wrong_language", "mojibake", "gibberish"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_SHOWN = 0.1
_LINES = 6
_MENU_SIGNS = (" | ", " › ", " · ", " » ", " / ", "\n", "\n", "\n")
_ADDRESS = "https://www.example.org/{}/index.php?id={}"


def plant_noise(of: Documents, kinds: Sequence[Kind] = KINDS, share: float = 0.5, *, step: Step) -> Documents:
    """Replace a share of the documents by noise made of them; the kind stands in `meta` under `noise`, the others keep theirs.

    Every kind is made of the document's own script and words: nothing in it is English unless the document is.

    - `shuffled_words`: the words of the document in random order; what stands between them stays (characters with their marks
      where words are not written apart).
    - `repeated_lines`: one to three lines stand again and again, till they are at least two thirds of the lines.
    - `boilerplate`: menus, counters, addresses, rights: entries of one to three words without a sentence.
    - `table`: rows of a label and numbers.
    - `wrong_language`: a document of another language of `of`, in the same script where there is one.
    - `mojibake`: UTF-8 read as Windows-1252, where that changes the text; else UTF-8 read as UTF-16.
    - `gibberish`: each letter replaced by a letter of the document, each mark by a mark.

    Args:
        of: documents.
        kinds: kinds to plant, in equal parts.
        share: share of the documents that become noise.

    Raises:
        InputError: the share is not between 0 and 1, a kind does not exist, or `wrong_language` has one language only.

    Example:
        >>> make_noise("one two three four", "shuffled_words", np.random.default_rng(2))
        'four three one two'
    """
    if not 0 <= share <= 1:
        raise InputError("the share of noise lies between 0 and 1", where=f"share: {share}")
    for each in kinds:
        if each not in KINDS:
            raise InputError(f"there is no kind of noise {each!r}", fix=f"there are {', '.join(KINDS)}")
    rivals = rival_texts(of) if "wrong_language" in kinds else {}
    if "wrong_language" in kinds and share and len(rivals) < 2:
        raise InputError("documents of one language cannot become a wrong one", fix="give several languages, or leave it out")
    rng = np.random.default_rng(step.seed)
    counts: dict[str, int] = dict.fromkeys(kinds, 0)
    with DocumentWriter(step.out / "documents.parquet") as writer:
        for row in of.rows():
            if kinds and rng.random() < share:
                kind = kinds[int(rng.integers(len(kinds)))]
                others = foreign_texts(row["language"], rivals)
                text = make_noise(row["text"], kind, rng, spaces=spaces_of(row["language"]), others=others)
                meta = json.dumps({**json.loads(row["meta"] or "{}"), "noise": kind, "noise_of": row["id"]}, ensure_ascii=False)
                row = {**row, "text": text, "id": document_id(row["language"], text), "meta": meta}
                counts[kind] += 1
            writer.row(row)
    step.figures["noise"] = {"documents": writer.count, **counts}
    return Documents(step.out)


def drop_noise(of: Documents, *, step: Step) -> Documents:
    """The documents that `plant_noise` left as they were: what a perfect filter would keep; the others are kept as dropped.

    Args:
        of: documents that `plant_noise` wrote.
        step: where to write.

    Example:
        >>> import tempfile; from pathlib import Path
        >>> place = Path(tempfile.mkdtemp())
        >>> with DocumentWriter(place / "documents.parquet") as writer:
        ...     writer.document("Dobry dźeń", "hsb_Latn", source="example")
        >>> (place / "out").mkdir()
        >>> len(drop_noise(Documents(place), step=Step(place / "out")))
        1
    """
    dropped: dict[str, int] = {}
    kept = DocumentWriter(step.out / "documents.parquet")
    with kept, DocumentWriter(step.out / DROPPED_FOLDER / "documents.parquet") as other:
        for row in of.rows():
            kind = json.loads(row["meta"] or "{}").get("noise")
            if kind is None:
                kept.row(row)
            else:
                dropped[kind] = dropped.get(kind, 0) + 1
                other.row(row)
    counts = {"in": kept.count + other.count, "kept": kept.count, "dropped": dict(sorted(dropped.items())), "quarantined": 0}
    step.figures["documents"] = counts
    return Documents(step.out)


def spaces_of(tag: str) -> bool:
    """Whether a language separates words by spaces; what is no tag does."""
    from panglot.languages import Language

    try:
        return Language(tag).spaces
    except InputError:
        return True


def rival_texts(of: Documents, limit: int = 200) -> dict[str, list[str]]:
    """The first texts of each language."""
    found: dict[str, list[str]] = {tag: [] for tag in of.languages}
    for row in of.rows():
        if len(found[row["language"]]) < limit:
            found[row["language"]].append(row["text"])
    return found


def foreign_texts(tag: str, rivals: Mapping[str, list[str]]) -> list[str]:
    """Texts of the other languages, of those in the same script where there are any."""
    others = {other: texts for other, texts in rivals.items() if other[:3] != tag[:3] and texts}
    same = {other: texts for other, texts in others.items() if other[3:] == tag[3:]}
    return [text for texts in (same or others).values() for text in texts]


def make_noise(text: str, kind: Kind, rng: np.random.Generator, *, spaces: bool = True, others: Sequence[str] = ()) -> str:
    """Noise of a kind made of a text; see [`plant_noise`][panglot.corpus.noise.plant_noise].

    Args:
        spaces: whether words are separated by spaces.
        others: texts of other languages, for `wrong_language`.

    Raises:
        InputError: `wrong_language` without texts of other languages.

    Example:
        >>> make_noise("Łódź", "mojibake", np.random.default_rng(0))
        'Å\\x81Ã³dÅº'
    """
    if kind == "wrong_language":
        if not others:
            raise InputError("there is no text of another language")
        return str(others[int(rng.integers(len(others)))])
    makers: dict[str, Callable[[str, np.random.Generator, bool], str]] = {
        "shuffled_words": _shuffled,
        "repeated_lines": _repeated,
        "boilerplate": _boilerplate,
        "table": _table,
        "mojibake": _mojibake,
        "gibberish": _gibberish,
    }
    return makers[kind](text, rng, spaces)


def _pieces(text: str, spaces: bool) -> tuple[list[int], list[int]]:
    words = find_words([text])
    starts, ends = (words.starts, words.ends) if spaces else clusters(words)[:2]
    return starts.tolist(), ends.tolist()


def _shuffled(text: str, rng: np.random.Generator, spaces: bool) -> str:
    starts, ends = _pieces(text, spaces)
    out, last = [], 0
    for place, other in enumerate(rng.permutation(len(starts)).tolist()):
        out += [text[last : starts[place]], text[starts[other] : ends[other]]]
        last = ends[place]
    return "".join([*out, text[last:]])


def _repeated(text: str, rng: np.random.Generator, spaces: bool) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()] or [text]
    if len(lines) < _LINES:
        lines = [each for line in lines for each in _cut(line, spaces)]
    again = [lines[place] for place in rng.choice(len(lines), size=min(len(lines), int(rng.integers(1, 4))), replace=False)]
    kept = lines[: max(1, len(lines) // 2)]
    wanted = max(2 * len(kept) + 2, 6)
    out = kept + [again[int(rng.integers(len(again)))] for _ in range(wanted)]
    return "\n".join(out[place] for place in rng.permutation(len(out)))


def _cut(line: str, spaces: bool, words: int = 20) -> list[str]:
    """A long line cut behind every so many words."""
    starts, _ = _pieces(line, spaces)
    size = words if spaces else 3 * words
    if len(starts) < 2 * size:
        return [line]
    cuts = [0, *(starts[place] for place in range(size, len(starts) - size // 2, size)), len(line)]
    return [line[first:last].strip() for first, last in pairwise(cuts)]


def _entries(text: str, rng: np.random.Generator, spaces: bool, most: int) -> Callable[[], str]:
    starts, ends = _pieces(text, spaces)
    scale = 1 if spaces else 3

    def entry() -> str:
        if not starts:
            return text[:20]
        first = int(rng.integers(len(starts)))
        last = min(first + scale * int(rng.integers(1, most + 1)), len(starts)) - 1
        return text[starts[first] : ends[last]].replace("\n", " ")

    return entry


def _boilerplate(text: str, rng: np.random.Generator, spaces: bool) -> str:
    entry = _entries(text, rng, spaces, 3)
    menu = [entry() for _ in range(int(rng.integers(8, 16)))]
    out: list[str] = []
    while sum(map(len, out)) < max(len(text) // 2, 300):
        sign = _MENU_SIGNS[int(rng.integers(len(_MENU_SIGNS)))]
        number = int(rng.integers(1, 2000))
        some = [menu[int(rng.integers(len(menu)))] if rng.random() < 0.5 else entry() for _ in range(int(rng.integers(3, 9)))]
        out.append(sign.join(some))
        out.append(
            (
                f"{entry()} ({number})",
                _ADDRESS.format(number % 97, number),
                f"© {2000 + number % 26} {entry()}",
                f"« 1 2 3 4 5 … {number} »",
                f"[{entry()}] [{entry()}]",
            )[int(rng.integers(5))]
        )
    return "\n".join(out)


def _table(text: str, rng: np.random.Generator, spaces: bool) -> str:
    entry = _entries(text, rng, spaces, 2)
    sign = ("\t", " | ", ";", "  ")[int(rng.integers(4))]
    columns = int(rng.integers(3, 8))
    rows = [sign.join(entry() for _ in range(columns))]
    while sum(map(len, rows)) < max(len(text) // 2, 300):
        cells = [f"{rng.integers(1, 10 ** int(rng.integers(1, 6)))}" for _ in range(columns - 1)]
        cells = [f"{each}.{rng.integers(100):02}" if rng.random() < 0.3 else each for each in cells]
        rows.append(sign.join([entry(), *cells]))
    return "\n".join(rows)


def _mojibake(text: str, rng: np.random.Generator, spaces: bool) -> str:
    data = text.encode("utf-8", "surrogatepass")
    # bytes that Windows-1252 leaves open are read as Latin-1 does, as browsers do
    found = data.decode("latin-1").translate(_windows_1252())
    if sum(ord(each) > 0x7F for each in text) >= _SHOWN * len(text):
        return found
    return data[: len(data) // 2 * 2].decode("utf-16-le", "replace")


@cache
def _windows_1252() -> dict[int, str]:
    found = {}
    for byte in range(0x80, 0xA0):
        try:
            found[byte] = bytes([byte]).decode("cp1252")
        except UnicodeDecodeError:
            found[byte] = chr(byte)
    return found


def _gibberish(text: str, rng: np.random.Generator, spaces: bool) -> str:
    kinds = [unicodedata.category(each)[0] for each in text]
    pools: dict[str, list[str]] = {"L": [], "M": []}
    for character, kind in zip(text, kinds, strict=True):
        if kind in pools:
            pools[kind].append(character)
    out: list[Any] = list(text)
    for place, kind in enumerate(kinds):
        if kind in pools:
            out[place] = pools[kind][int(rng.integers(len(pools[kind])))]
    return "".join(out)
