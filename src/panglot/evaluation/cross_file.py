"""What other files of a project say of the code that is being written: chunks of them, and a prompt that shows these."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import regex

from panglot.evaluation.statements import comment_mark

Ranking = Literal["bm25", "jaccard"]
LINES = 10
"""Lines of a chunk, and of the end of a prompt that is the query, as CrossCodeEval has it."""

_TOKEN = regex.compile(r"[\p{L}\p{M}\p{N}_]+")


class Chunk(NamedTuple):
    """Some lines of a file."""

    path: str
    text: str


def chunks(files: Mapping[str, str], *, but: str = "", lines: int = LINES) -> list[Chunk]:
    """Files in chunks of lines that do not overlap, in the order of paths; blank lines are left out.

    Args:
        files: path to text.
        but: path of the file that is being written, which is no other file.
        lines: of a chunk.
    """
    found = []
    for path in sorted(files):
        kept = [line for line in files[path].splitlines() if line.strip()]
        if path != but:
            found += [Chunk(path, "\n".join(kept[at : at + lines])) for at in range(0, len(kept), lines)]
    return found


def retrieve(prompt: str, found: Sequence[Chunk], *, by: Ranking = "bm25", most: int = 5) -> list[Chunk]:
    """The chunks that are most like the end of a prompt, the best first; none that shares no token with it.

    The query is the last ten lines with text. Tokens are runs of letters, marks, digits and `_`. Jaccard: shared tokens / all
    tokens, each once. BM25 (Robertson and Zaragoza 2009) with k1 = 1.2, b = 0.75, and idf = ln(1 + (N − n + ½) / (n + ½)). Of
    equals the first in the order of paths is ahead. CrossCodeEval shows the chunk behind the one that was found; here it is
    the one itself.

    Example:
        >>> files = {"b.py": "def area(side):\\n    return side ** 2", "a.py": "import os"}
        >>> [each.path for each in retrieve("print(area(", chunks(files), by="jaccard")]
        ['b.py']
    """
    query = _TOKEN.findall("\n".join([line for line in prompt.splitlines() if line.strip()][-LINES:]))
    said = [_TOKEN.findall(each.text) for each in found]
    scores = _bm25(query, said) if by == "bm25" else [_jaccard(query, each) for each in said]
    ranked = sorted((at for at, score in enumerate(scores) if score > 0), key=lambda at: -scores[at])
    return [found[at] for at in ranked[:most]]


def _jaccard(query: Sequence[str], said: Sequence[str]) -> float:
    ours, theirs = set(query), set(said)
    return len(ours & theirs) / len(ours | theirs) if ours & theirs else 0.0


def _bm25(query: Sequence[str], said: Sequence[Sequence[str]]) -> list[float]:
    counts = [Counter(each) for each in said]
    within = Counter(token for each in counts for token in each)
    mean = sum(map(len, said)) / max(len(said), 1)
    scores = []
    for tokens, count in zip(said, counts, strict=True):
        norm = 1.2 * (0.25 + 0.75 * len(tokens) / mean) if mean else 1.0
        weights = {each: math.log(1 + (len(said) - within[each] + 0.5) / (within[each] + 0.5)) for each in count}
        scores.append(sum(weights[each] * count[each] * 2.2 / (count[each] + norm) for each in query if each in count))
    return scores


def as_comments(found: Sequence[Chunk], language: str) -> str:
    """Chunks as comments, each under the path of its file, to stand before a prompt; empty where there are none.

    Example:
        >>> print(as_comments([Chunk("lib/shapes.py", "def area(side):\\n    pass")], "python"))
        # lib/shapes.py
        #
        # def area(side):
        #     pass
        <BLANKLINE>
    """
    mark = comment_mark(language)
    blocks = [[each.path, "", *each.text.splitlines()] for each in found]
    return "\n".join("".join(f"{mark} {line}".rstrip() + "\n" for line in block) for block in blocks)
