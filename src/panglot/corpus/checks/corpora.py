"""Component `corpus.check_corpora`: corpora whose script or language is not what their label says."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import Artifact, InputError, Step
from panglot.corpus.checks.character_models import perplexities
from panglot.corpus.checks.kin import SAME, distant, siblings
from panglot.corpus.checks.kin import kin as kin_of
from panglot.corpus.checks.sample import samples
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.corpus.engine.sieve import write_table
from panglot.languages import Language
from panglot.languages.scripts import script_of, share_in

CHECKS_FILE, DIVERGENCES_FILE = "checks.parquet", "divergences.parquet"
SCHEMA = pa.schema(
    [
        ("corpus", pa.string()),
        ("language", pa.string()),
        ("documents", pa.int64()),
        ("characters", pa.int64()),
        ("script", pa.string()),
        ("script_share", pa.float64()),
        ("perplexity", pa.float64()),
        ("nearest", pa.string()),
        ("divergence", pa.float64()),
        ("ratio", pa.float64()),
        ("groups_shared", pa.int64()),
        ("flags", pa.list_(pa.string())),
    ]
)
_DIVERGENCES = pa.schema([("first", pa.string()), ("second", pa.string()), ("divergence", pa.float64())])
_LEAST_CHARACTERS = 2_000
# Far below every other corpus outside the neighbour's family: the same language in another domain, with many letters to learn.
_ALONE_RATIO, _ALONE_GAP = 5.0, 5.0
_TRUSTED_RATIO = 3.0


class CorpusCheck(Artifact):
    """What the check of corpora found: one row a corpus in `checks.parquet`, all pairs in `divergences.parquet`.

    Columns: `corpus`, `language`, `documents`, `characters` (of the sample), `script` (of most letters), `script_share` (of
    the letters that the label's script takes in), `perplexity` (of its own model on its own held-out text), `nearest` (the
    corpus of another language with the least divergence), `divergence`, `ratio` (divergence to the greater of both
    perplexities), `groups_shared` (groups of the lineage that both languages have in common) and `flags`.
    """

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """All rows, by the corpus's name."""
        found: list[dict[str, Any]] = pq.read_table(self.folder / CHECKS_FILE).to_pylist()
        return found

    @property
    def flagged(self) -> dict[str, list[str]]:
        """The corpora that were flagged, and why."""
        return {row["corpus"]: row["flags"] for row in self.rows if row["flags"]}

    def divergences(self) -> Iterator[dict[str, Any]]:
        """Divergence of each pair of corpora."""
        yield from pq.read_table(self.folder / DIVERGENCES_FILE).to_pylist()


def check_corpora(
    *,
    of: Documents,
    by: Literal["language", "source"] = "language",
    characters: Annotated[int, Field(ge=_LEAST_CHARACTERS)] = 40_000,
    script_share: Annotated[float, Field(ge=0, le=1)] = 0.5,
    outside: Annotated[float, Field(ge=1)] = 2.0,
    same: Annotated[float, Field(ge=1)] = 1.4,
    step: Step,
) -> CorpusCheck:
    """Look for corpora that are not what their label says, after the corpus filters CF1 and CF2 of Glot500.

    CF1: fewer than `script_share` of the letters are of the label's script; flag `script`. CF2: a character trigram model M is
    trained on a part of each corpus C, and PD(i, j) = max(PP(M_i, C_j), PP(M_j, C_i)). Where the nearest corpus j of another
    language is outside the family (flag `outside_family`) or is no close relative (flag `same_language`), and the ratio
    PD(i, j) / max(PP(M_i, C_i), PP(M_j, C_j)) is near 1, both are in the same language and one label is wrong. If one of the
    two has a relative near it, the other one is flagged, else both are.

    Glot500 inspects each corpus whose nearest neighbour is outside the family. Most languages have no relative among the
    corpora of a collection, so that this alone flags more than half of them: the ratio is what makes it a finding.

    ImaniGooghari et al. 2023, https://aclanthology.org/2023.acl-long.61

    Args:
        of: documents of several languages.
        by: what a corpus is: a language, or a source and language.
        characters: sampled from each corpus, half of them to train the model; chosen by the seed.
        script_share: least share of letters in the label's script.
        outside: up to this ratio a corpus outside the family, or of a distant relative, is in the same language. A distant
            relative shares at most a third of the shorter lineage.
        same: up to this ratio another relative, which is no close one, is in the same language.
        step: where to write.

    Raises:
        InputError: no corpus has a language.
    """
    found = samples(
        of.rows(),
        lambda row: row["language"] if by == "language" else f"{row['source']} {row['language']}",
        characters,
        step.seed,
    )
    halves = {name: sample.halves(characters) for name, sample in found.items() if not name.endswith(UNDETERMINED)}
    if not halves:
        raise InputError("no document here has a language", fix="identify the languages first")
    names = list(halves)
    languages = [Language(name.rpartition(" ")[2]) for name in names]
    matrix = perplexities([train for train, _ in halves.values()], [test for _, test in halves.values()])
    own, divergence = np.diag(matrix).copy(), np.fmax(matrix, matrix.T)
    large = np.array([min(map(len, pair)) >= _LEAST_CHARACTERS // 2 for pair in halves.values()])
    kin = np.array([[kin_of(first, second) for second in languages] for first in languages])
    ratios = divergence / np.fmax(own[:, None], own[None, :])
    nearest = _nearest(ratios, divergence, kin, large)
    rows = []
    for place, name in enumerate(names):
        text = "\n".join(halves[name])
        flags = ["script"] if share_in(text, languages[place].script) < script_share and script_of(text) else []
        near = int(nearest[place])
        if near >= 0 and large[place]:
            flag = _flag(place, near, ratios, kin, languages, outside=outside, same=same)
            if flag and not (_trusted(place, near, ratios, kin) and not _trusted(near, place, ratios, kin)):
                flags.append(flag)
        rows.append(
            {
                "corpus": name,
                "language": languages[place].tag,
                "documents": found[name].documents,
                "characters": len(text),
                "script": script_of(text),
                "script_share": share_in(text, languages[place].script),
                "perplexity": _number(own[place]),
                "nearest": names[near] if near >= 0 else None,
                "divergence": _number(divergence[place, near]) if near >= 0 else None,
                "ratio": _number(ratios[place, near]) if near >= 0 else None,
                "groups_shared": max(int(kin[place, near]), 0) if near >= 0 else None,
                "flags": flags,
            }
        )
    write_table(pa.Table.from_pylist(rows, schema=SCHEMA), step.out / CHECKS_FILE)
    pairs = [
        {"first": names[first], "second": names[second], "divergence": _number(divergence[first, second])}
        for first in range(len(names))
        for second in range(first + 1, len(names))
    ]
    write_table(pa.Table.from_pylist(pairs, schema=_DIVERGENCES), step.out / DIVERGENCES_FILE)
    _report(rows, step)
    return CorpusCheck(step.out)


def _nearest(
    ratios: NDArray[np.float64], divergence: NDArray[np.float64], kin: NDArray[np.int64], large: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The corpus of another language with the least divergence; -1 where there is none."""
    open_to = (kin != SAME) & np.isfinite(divergence) & np.isfinite(ratios) & large[None, :]
    distance = np.where(open_to, divergence, np.inf)
    return np.where(open_to.any(axis=1), distance.argmin(axis=1), -1)


def _flag(
    place: int,
    near: int,
    ratios: NDArray[np.float64],
    kin: NDArray[np.int64],
    languages: Sequence[Language],
    *,
    outside: float,
    same: float,
) -> str | None:
    ratio, shared = ratios[place, near], int(kin[place, near])
    if shared == 0:
        others = np.array(
            [each for each in range(len(languages)) if each != place and kin[near, each] == 0 and kin[place, each] == 0]
        )
        next_one = np.nanmin(ratios[place, others]) if len(others) and np.isfinite(ratios[place, others]).any() else np.inf
        alone = ratio <= _ALONE_RATIO and next_one >= _ALONE_GAP * ratio and np.isfinite(next_one)
        return "outside_family" if ratio <= outside or alone else None
    bound = outside if distant(languages[place], languages[near]) else same
    return "same_language" if ratio <= bound and not siblings(languages[place], languages[near]) else None


def _trusted(place: int, near: int, ratios: NDArray[np.float64], kin: NDArray[np.int64]) -> bool:
    """Whether another corpus than the suspected one speaks for the label: a relative, or the same language, near it."""
    speaks = (
        (kin[place] != 0) & (kin[near] == 0)
        if kin[place, near] == 0
        else (kin[place] > kin[place, near]) | (kin[place] == SAME)
    )
    speaks[[place, near]] = False
    return bool((ratios[place, speaks] <= _TRUSTED_RATIO).any())


def _number(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def _report(rows: list[dict[str, Any]], step: Step) -> None:
    flagged = {row["corpus"]: row["flags"] for row in rows if row["flags"]}
    step.figures.update(corpora=len(rows), flagged=flagged)
    small = [row["corpus"] for row in rows if row["characters"] < _LEAST_CHARACTERS]
    if small:
        step.note(f"Too little text to compare: {', '.join(small[:10])}{' …' if len(small) > 10 else ''}.")
    for row in rows:
        for flag in row["flags"]:
            said = {
                "script": f"{row['script_share']:.0%} of its letters are in its script; most are {row['script']}",
                "outside_family": f"it reads like {row['nearest']}, which is not related",
                "same_language": f"it reads like {row['nearest']}",
            }[flag]
            step.note(f"{row['corpus']}: {said}.")
