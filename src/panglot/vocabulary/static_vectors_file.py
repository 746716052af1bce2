"""Files that a person gives: vectors (word2vec text, safetensors), dictionaries (two columns), plain text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.corpus.documents import DOCUMENTS_FILE, Documents
from panglot.corpus.reading.bounded import MAX_LINE_BYTES, Source
from panglot.vocabulary.static_vectors import StaticVectors

MOST_WORDS = 200_000
"""How many vectors are read: files list the most frequent words first, and 200,000 is what alignment work uses."""
MOST_DIMENSIONS = 4096
MOST_PAIRS = 1_000_000
"""How many lines of a dictionary are read: a rotation of a few hundred dimensions gains nothing from more."""
_BOM = b"\xef\xbb\xbf"
_BAD_SHARE = 0.01
_FEW_BAD = 10


def read_vectors(path: Path, *, most: int = MOST_WORDS) -> StaticVectors:
    """Read word vectors.

    Args:
        path: word2vec text, with or without its header line, plain or `.gz`: a word and its numbers on a line, separated by
            spaces or tabs (a word may hold spaces itself); or `.safetensors` as `write_vectors` writes it.
        most: read the first so many lines only. What the header says of their number is not believed.

    Returns:
        The vectors; counts only from `.safetensors`. Of equal words the first counts. A bad line is passed over.

    Raises:
        InputError: the file is missing, empty, damaged or of another kind; more than 1 % of its lines (and more than ten) are
            bad: names the first of them.
    """
    path = path.expanduser()
    if path.suffix == ".safetensors":
        return _read_safetensors(path, most)
    with _opened(path, "vectors") as stream:
        return _read_text(stream, path, most)


def _opened(path: Path, what: str) -> "_Opened":
    if path.is_dir():
        raise InputError(f"this is a folder, not a file of {what}", where=path)
    if path.is_file() and not path.stat().st_size:
        raise InputError("the file is empty", where=path, fix=f"give a file of {what}")
    return _Opened(path)


class _Opened:
    """`Source.open`, with the limits on what a gzip file may unpack to."""

    def __init__(self, path: Path) -> None:
        self._context = Source(path).open()

    def __enter__(self) -> BinaryIO:
        return self._context.__enter__()

    def __exit__(self, *details: object) -> None:
        self._context.__exit__(*details)  # type: ignore[arg-type]


def _read_text(stream: BinaryIO, path: Path, most: int) -> StaticVectors:
    words: dict[str, NDArray[np.float32]] = {}
    width, bad, seen, first_bad = 0, 0, 0, ""
    for number, line in enumerate(_lines(stream), start=1):
        if number == 1:
            if b"\0" in line:
                raise InputError("the file is not text", where=path, fix="give word2vec text (.vec), or .safetensors")
            line = line.removeprefix(_BOM)
            fields = line.split()
            if len(fields) == 2 and all(each.isdigit() for each in fields):
                width = _width(fields[1], path)
                continue
        if seen >= most:
            break
        if not line.strip():
            continue
        seen += 1
        width = width or _width(b"%d" % max(len(line.split()) - 1, 1), path)
        parsed = _parsed(line, width)
        if isinstance(parsed, str):
            bad += 1
            first_bad = first_bad or f"line {number}: {parsed}"
            if seen >= 1000 and bad > max(_FEW_BAD, _BAD_SHARE * seen):
                break
            continue
        words.setdefault(parsed[0], parsed[1])
    if not words or bad > max(_FEW_BAD, _BAD_SHARE * seen):
        said = f"{bad} of {seen} lines are no word with {width} numbers ({first_bad})"
        raise InputError(
            said if seen else "no line holds a vector: there is only a header, or nothing",
            where=path,
            fix="give word2vec text: a word and its numbers on each line, separated by spaces",
        )
    return StaticVectors(list(words), np.stack(list(words.values())))


def _width(said: bytes, path: Path) -> int:
    """The width that a header or a first line says.

    Raises:
        InputError: it is out of bounds.
    """
    width = int(said) if len(said) <= len(str(MOST_DIMENSIONS)) else MOST_DIMENSIONS + 1
    if not 0 < width <= MOST_DIMENSIONS:
        raise InputError(
            f"vectors of {said[:12].decode()} dimensions are not read (from 1 to {MOST_DIMENSIONS:,} are)", where=f"{path}:1"
        )
    return width


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES):
        yield line


def _parsed(line: bytes, width: int) -> tuple[str, NDArray[np.float32]] | str:
    """The word and its vector, or what is wrong."""
    parts = line.rstrip().rsplit(None, width)
    if len(parts) != width + 1:
        return f"{max(len(line.split()) - 1, 0)} numbers"
    try:
        word = parts[0].strip().decode()
        with np.errstate(over="ignore"):  # what overflows is not finite, and told as that
            vector = np.array(parts[1:], np.float64).astype(np.float32)
    except UnicodeDecodeError:
        return "not UTF-8"
    except ValueError:
        return "something else than numbers"
    return (word, vector) if np.isfinite(vector).all() else "a number that is not finite"


def _read_safetensors(path: Path, most: int) -> StaticVectors:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not path.is_file():
        raise InputError("there is no such file", where=path)
    try:
        found = load_file(path)
        words = found["words"].tobytes().decode().split("\n")
        given = found["vectors"]
        counts = found["counts"].astype(np.int64) if "counts" in found else None
    except (SafetensorError, KeyError, TypeError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"the vectors cannot be read ({error!r})", where=path, fix="write them with write_vectors") from None
    if given.ndim != 2 or not given.shape[1] or len(words) != len(given) or len(set(words)) != len(words):
        raise InputError("there must be one vector a word, and no word twice", where=path)
    if counts is not None and (counts.shape != (len(words),) or counts.min() < 0):
        raise InputError("there must be one count a word, and none below zero", where=path)
    with np.errstate(over="ignore"):
        matrix = np.ascontiguousarray(given[:most], np.float32)
    if not np.isfinite(matrix).all():
        raise InputError("the vectors hold numbers that are not finite", where=path)
    return StaticVectors(words[:most], matrix, None if counts is None else counts[:most])


def write_vectors(vectors: StaticVectors, path: Path) -> None:
    r"""Write vectors as safetensors: `vectors` float32 `[n, d]`, `words` (UTF-8, parted by `\n`) uint8, `counts` int64 `[n]`.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp()) / "v.safetensors"
        >>> write_vectors(StaticVectors(["dom", "𞤢"], np.eye(2, dtype=np.float32)), place)
        >>> read_vectors(place).words
        ['dom', '𞤢']
    """
    from safetensors.numpy import save_file

    tensors = {
        "vectors": np.ascontiguousarray(vectors.matrix, np.float32),
        "words": np.frombuffer("\n".join(vectors.words).encode(), np.uint8),
    }
    save_file(tensors | ({} if vectors.counts is None else {"counts": vectors.counts}), path)


def read_dictionary(path: Path) -> list[tuple[str, str]]:
    """Read word pairs: two columns parted by a tab; without a tab, two words parted by spaces. At most
    the first million lines are read.

    Raises:
        InputError: the file is missing or empty; more than half of the lines have not two columns: names the first of them.
    """
    path = path.expanduser()
    pairs: list[tuple[str, str]] = []
    bad, first_bad = 0, 0
    with _opened(path, "word pairs") as stream:
        for number, line in enumerate(_lines(stream), start=1):
            text = line.decode(errors="replace").strip("\r\n\ufeff")
            if not text.strip():
                continue
            cells = [each.strip() for each in (text.split("\t") if "\t" in text else text.split())]
            if len(cells) == 2 and all(cells) and "\ufffd" not in text:
                pairs.append((cells[0], cells[1]))
            else:
                bad, first_bad = bad + 1, first_bad or number
            if len(pairs) + bad >= MOST_PAIRS:
                break
    if bad > len(pairs) or not pairs:
        raise InputError(
            f"{bad} of {bad + len(pairs)} lines are no two columns of UTF-8, the first is line {first_bad}",
            where=path,
            fix="give one pair on a line: a word of the old language, a tab, a word of the new one",
        )
    return pairs


def texts_at(path: Path) -> Callable[[], Iterator[str]]:
    """Text that a parameter names: a step folder with documents, or a UTF-8 file (also `.gz`), one text a line.

    Raises:
        InputError: there is nothing of the kind.
    """
    path = path.expanduser()
    if path.is_dir() or path.name == DOCUMENTS_FILE:
        documents = Documents.open(path if path.is_dir() else path.parent)
        documents.shards  # noqa: B018 - complains at once where there are none
        return documents.texts
    _opened(path, "text").__enter__().close()

    def lines() -> Iterator[str]:
        with _opened(path, "text") as stream:
            for line in _lines(stream):
                if text := line.decode(errors="replace").strip():
                    yield text

    return lines
